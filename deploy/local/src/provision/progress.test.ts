import { describe, expect, it } from '@jest/globals';
import { beginStep, createDebootstrapReader, describeAptStatus, withElapsed } from './progress.ts';

describe('progress', () => {
  it('counts seconds from its beginning, and drops sayings that follow too fast', () => {
    const lines: string[] = [];
    let now = 0;
    const clock = () => now;
    const step = beginStep(
      'Installing',
      withElapsed((line) => lines.push(line), clock),
      clock,
    );
    now = 1_000;
    step.update('1 %');
    now = 6_000;
    step.update('30 %');
    now = 65_000;
    step.done();
    expect(lines).toEqual(['[  0 s] Installing', '[  6 s] Installing: 30 %', '[ 65 s] Installing: done']);
  });

  it.each([
    ['dlstatus:3:41.7:Retrieving file 3 of 9', 'downloading 42 %'],
    ['pmstatus:postgresql-18:12.5:Unpacking postgresql-18 (amd64)', 'installing 13 %'],
    ['pmerror:/x.deb:50:boom', undefined],
    ['Reading package lists...', undefined],
  ])("reads apt's %s", (line, expected) => {
    expect(describeAptStatus(line)).toBe(expected);
  });

  it("counts debootstrap's packages by what it does to them", () => {
    const read = createDebootstrapReader();
    expect(read('I: Retrieving libc6 2.42')).toBe('retrieving packages (1)');
    expect(read('I: Retrieving bash 5.3')).toBe('retrieving packages (2)');
    expect(read('I: Unpacking bash...')).toBe('unpacking packages (1)');
    expect(read('I: Validating bash')).toBeUndefined();
  });
});
