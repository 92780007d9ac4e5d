import type { Logger } from '../logger.ts';

export interface ReporterOptions<Item> {
  /** What has been counted since the last time; each item carries an id, by which a repeated one is known. */
  take: () => Item[];
  /** @throws Error when the items have to be sent again */
  send: (items: Item[]) => Promise<void>;
  /** Seconds between two reports. */
  every: number;
  /** For the log. */
  what: string;
  log: Logger;
}

export interface Reporter {
  /** Hands over what is left. */
  close(): Promise<void>;
}

const mostPerReport = 100;

/** Hands counts over now and then: what has not arrived comes again as it was, while others are being counted. */
export function createReporter<Item>({ take, send, every, what, log }: ReporterOptions<Item>): Reporter {
  let waiting: Item[] = [];
  let isFailing = false;
  let reporting: Promise<void> = Promise.resolve();

  async function report(): Promise<void> {
    if (waiting.length === 0) waiting = take();
    try {
      while (waiting.length > 0) {
        await send(waiting.slice(0, mostPerReport));
        waiting = waiting.slice(mostPerReport);
      }
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, `${what} cannot be handed over; trying on`);
      isFailing = true;
    }
  }

  /** One after the other: two reports at a time would hand the same over twice. */
  const reportNext = () => (reporting = reporting.then(report));
  const timer = setInterval(() => void reportNext(), every * 1000);
  timer.unref();
  return {
    close: async () => {
      clearInterval(timer);
      await reportNext();
      // What was counted while older ones were waiting.
      if (!isFailing) await reportNext();
    },
  };
}
