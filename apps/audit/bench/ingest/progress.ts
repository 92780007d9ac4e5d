import { setTimeout as sleep } from 'node:timers/promises';

export interface Progress {
  /** From the first stored batch to the last, the first left out. */
  perSecond: number;
  /** User and system time of this process for each event, µs. */
  cpu: number;
}

/** Often enough for runs of seconds, and seldom enough not to be measured itself: each look is work in this process, ms. */
const lookEvery = 20;

/** Watches a count grow to its end; the time before anything is stored is the start of a process and does not count. */
export async function watch(stored: () => number | Promise<number>, total: number): Promise<Progress> {
  let [began, first] = [0, 0];
  let used = process.cpuUsage();
  for (;;) {
    const count = await stored();
    if (first === 0 && count > 0) {
      [began, first] = [performance.now(), count];
      used = process.cpuUsage();
    }
    if (count >= total) break;
    await sleep(lookEvery);
  }
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(used);
  return { perSecond: (total - first) / seconds, cpu: (user + system) / (total - first) };
}
