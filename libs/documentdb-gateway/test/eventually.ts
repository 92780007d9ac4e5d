import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `probe` gives true; fails when it does not within ten seconds. */
export async function eventually(what: string, probe: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await probe())) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await sleep(20);
  }
}
