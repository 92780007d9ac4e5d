import type { Logger } from '@pipedesk/service-kit';

interface WorkerOptions {
  /** Of the work, for the log. */
  name: string;
  /** Works off what there is; gives up early once it is closed. */
  work: (isClosed: () => boolean) => Promise<void>;
  /** How often to look for work that nobody has told of, ms. */
  lookEvery: number;
  log: Logger;
}

export interface Worker {
  /** Looks for work now. */
  wake(): void;
  /** Ends after the piece of work at hand; the next start goes on from there. */
  close(): Promise<void>;
}

/** Works in the background, one round at a time; what fails in one is taken up by the next. */
export function createWorker({ name, work, lookEvery, log }: WorkerOptions): Worker {
  let closed = false;
  let working: Promise<void> | undefined;

  function wake(): void {
    if (closed) return;
    working ??= work(() => closed)
      .catch((error: unknown) => {
        log.warn({ err: error }, `${name} cannot go on just now`);
      })
      .finally(() => (working = undefined));
  }

  const timer = setInterval(wake, lookEvery);
  wake();
  return {
    wake,
    close: async () => {
      closed = true;
      clearInterval(timer);
      await working;
    },
  };
}
