import { isDatabaseUnavailable } from '@pipedesk/mongo';
import type { Logger } from '@pipedesk/service-kit';
import type { Lease } from './lease.ts';

interface BackgroundDeps {
  lease: Lease;
  /** One round of the work. */
  run: () => Promise<unknown>;
  log: Logger;
  /** Time between rounds, ms. */
  every: number;
  /** So many new records start a round at once. */
  soonAfter: number;
}

export interface Background {
  /** Tells of new records. */
  nudge(count: number): void;
  /** A round as soon as this process can. */
  wake(): void;
  /** A round now, whoever holds the lease; one at a time in this process. */
  runNow(): Promise<void>;
  close(): Promise<void>;
}

/** Repeats the work while this process holds the lease. A round that fails is logged and followed by the next. */
export function startBackground({ lease, run, log, every, soonAfter }: BackgroundDeps): Background {
  let waiting = 0;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const enqueue = (work: () => Promise<unknown>): Promise<void> => {
    const result = running.then(work).then(() => undefined);
    running = result.catch(() => undefined);
    return result;
  };

  async function round(): Promise<void> {
    if (isClosed) return;
    waiting = 0;
    try {
      if (await lease.acquire()) await run();
    } catch (error) {
      const message = 'sealing failed; the next round goes on';
      if (isDatabaseUnavailable(error)) log.warn({ err: error }, message);
      else log.error({ err: error }, message);
    }
  }

  function schedule(delay: number): void {
    clearTimeout(timer);
    if (isClosed) return;
    timer = setTimeout(() => {
      void enqueue(round).finally(() => {
        schedule(waiting >= soonAfter ? 0 : every);
      });
    }, delay);
  }
  schedule(every);

  return {
    nudge(count) {
      const before = waiting;
      waiting += count;
      if (before < soonAfter && waiting >= soonAfter) schedule(0);
    },
    wake: () => {
      schedule(0);
    },
    runNow: () => enqueue(run),
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await running;
      await lease.release().catch(() => undefined);
    },
  };
}
