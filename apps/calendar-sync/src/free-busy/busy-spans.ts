import type { BusySpan } from '@pipedesk/contracts';

/** Cuts spans to the window and joins those that touch or overlap; sorted by start. Times are ISO 8601 in UTC. */
export function busySpans(spans: readonly BusySpan[], window: { from: string; to: string }): BusySpan[] {
  const sorted = spans
    .map(({ startsAt, endsAt }) => ({
      startsAt: startsAt < window.from ? window.from : startsAt,
      endsAt: endsAt > window.to ? window.to : endsAt,
    }))
    .filter(({ startsAt, endsAt }) => startsAt < endsAt)
    .sort((a, b) => (a.startsAt < b.startsAt ? -1 : 1));
  const joined: BusySpan[] = [];
  for (const span of sorted) {
    const last = joined.at(-1);
    if (!last || last.endsAt < span.startsAt) joined.push({ ...span });
    else if (last.endsAt < span.endsAt) last.endsAt = span.endsAt;
  }
  return joined;
}
