import { describe, expect, it } from '@jest/globals';
import { busySpans } from './busy-spans.ts';

const at = (hour: number) => `2026-03-01T${String(hour).padStart(2, '0')}:00:00.000Z`;
const span = (from: number, to: number) => ({ startsAt: at(from), endsAt: at(to) });
const day = { from: at(8), to: at(18) };

describe('busy spans', () => {
  it('join what overlaps, touches or lies within, in any order', () => {
    const spans = [span(14, 15), span(9, 11), span(10, 12), span(12, 13), span(9, 10)];
    expect(busySpans(spans, day)).toEqual([span(9, 13), span(14, 15)]);
  });

  it('are cut to the window, and gone outside of it', () => {
    expect(busySpans([span(6, 9), span(17, 20), span(5, 8), span(18, 19)], day)).toEqual([
      span(8, 9),
      span(17, 18),
    ]);
  });

  it('cover exactly the hours that some meeting covers', () => {
    for (let round = 0; round < 200; round++) {
      const spans = Array.from({ length: round % 7 }, () => {
        const start = Math.floor(Math.random() * 22);
        return span(start, start + 1 + Math.floor(Math.random() * (23 - start)));
      });
      const covers = (list: typeof spans, hour: number) =>
        list.some(({ startsAt, endsAt }) => startsAt <= at(hour) && at(hour) < endsAt);
      const busy = busySpans(spans, day);
      for (let hour = 0; hour < 24; hour++)
        expect(covers(busy, hour)).toBe(hour >= 8 && hour < 18 && covers(spans, hour));
    }
  });
});
