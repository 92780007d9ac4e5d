import type { PostgresPool, Row } from '../postgres/pool.ts';
import { recordStatements } from '../postgres/statements.ts';

/** Which write of which session: the driver repeats both when it retries. */
export interface WriteNumber {
  session: Buffer;
  number: bigint;
}

export interface RetryableWrites {
  /** Runs `write` unless this number was already answered, in which case the first answer comes back. */
  once(write: WriteNumber, run: () => Promise<Row>): Promise<Row>;
  /** The recorded answer to this number, if any. */
  find(write: WriteNumber): Promise<Row | undefined>;
  forget(session: Buffer): void;
  close(): void;
}

const PRUNE_INTERVAL_MS = 10 * 60_000;
/** Above this many sessions the oldest are forgotten, which costs no more than a look-up when they write again. */
const REMEMBERED_SESSIONS = 50_000;

/**
 * At-most-once execution of retryable writes. The answers are in PostgreSQL; memory only knows the highest number of each session, so
 * that a write that is certainly new, which is nearly all of them, needs no look-up.
 */
export function createRetryableWrites(pool: PostgresPool): RetryableWrites {
  const latest = new Map<string, bigint>();
  const running = new Map<string, Promise<unknown>>();
  const prune = setInterval(
    () => void pool.run(recordStatements.prune, []).catch(() => []),
    PRUNE_INTERVAL_MS,
  );
  prune.unref();

  const find = async ({ session, number }: WriteNumber): Promise<Row | undefined> =>
    (await pool.run(recordStatements.find, [session, number.toString()]))[0];

  const isNew = ({ session, number }: WriteNumber): boolean => {
    const last = latest.get(session.toString('latin1'));
    return last !== undefined && number > last;
  };

  const remember = (key: string, number: bigint) => {
    latest.delete(key);
    latest.set(key, number);
    if (latest.size <= REMEMBERED_SESSIONS) return;
    for (const oldest of latest.keys()) {
      latest.delete(oldest);
      break;
    }
  };

  return {
    find,
    async once(write, run) {
      const key = write.session.toString('latin1');
      // A retry may overtake its first attempt, whose client gave up waiting.
      await running.get(key)?.catch(() => undefined);
      const known = isNew(write) ? undefined : await find(write);
      if (known) return known;
      remember(key, write.number);
      const result = run();
      running.set(key, result);
      try {
        return await result;
      } finally {
        if (running.get(key) === result) running.delete(key);
      }
    },
    forget: (session) => void latest.delete(session.toString('latin1')),
    close: () => clearInterval(prune),
  };
}
