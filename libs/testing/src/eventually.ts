import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats a check until it stops throwing.
 * @throws what the check threw last, when `timeout` ms have passed
 */
export async function eventually<T>(check: () => Promise<T> | T, timeout = 10_000): Promise<T> {
  const deadline = Date.now() + timeout;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}
