import { unavailable } from '@pipedesk/service-kit';

/** Runs a task when its turn comes. @throws ProblemError 503 when too many wait already */
export type WorkQueue = <Result>(task: () => Promise<Result>) => Promise<Result>;

interface QueueOptions {
  /** Tasks that run at a time. */
  concurrency: number;
  /** Tasks that may wait beyond these. */
  capacity: number;
}

/** Bounds expensive work: some run, some wait, the rest is told at once to come back. */
export function createWorkQueue({ concurrency, capacity }: QueueOptions): WorkQueue {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function takeTurn(): Promise<void> {
    if (running < concurrency) {
      running++;
      return;
    }
    if (waiting.length >= capacity) {
      throw unavailable('login_overloaded', {
        detail: 'Too many passwords are being checked just now. Try again shortly.',
        retryAfter: 1,
      });
    }
    // Whoever finishes hands its turn on, so `running` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function passTurn(): void {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }

  return async (task) => {
    await takeTurn();
    try {
      return await task();
    } finally {
      passTurn();
    }
  };
}
