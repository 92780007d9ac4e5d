import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until the answer is yes.
 * @returns false when the time (milliseconds) ran out first
 */
export async function waitUntil(
  ask: () => boolean | Promise<boolean>,
  timeout: number,
  pause = 50,
): Promise<boolean> {
  const deadline = Date.now() + timeout;
  while (!(await ask())) {
    if (Date.now() >= deadline) return false;
    await sleep(pause);
  }
  return true;
}
