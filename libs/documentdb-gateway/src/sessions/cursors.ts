import { MongoError } from '../errors/mongo-error.ts';

/** An open cursor between two batches. What the engine needs to go on is in `continuation`; no connection is held. */
interface Cursor {
  id: string;
  db: string;
  continuation: Buffer;
  /** The client connection that last asked for it. */
  owner: object;
  /** The transaction it was opened in, whose snapshot it reads. */
  transaction: object | undefined;
}

export interface Cursors {
  add(cursor: Cursor): void;
  /**
   * Takes a cursor out for one getMore; `add` puts it back.
   * @throws MongoError 43 when there is none
   */
  take(id: string): Cursor;
  remove(id: string): boolean;
  /** Cursors last used by a connection that is gone expire soon; another connection of the same client may still claim them. */
  orphan(owner: object): void;
  close(): void;
  readonly size: number;
}

export interface CursorOptions {
  idleMs: number;
  orphanMs: number;
  /** Told the ids of cursors that expired. */
  onExpired: (ids: string[]) => void;
}

const SWEEPS_PER_LIFETIME = 10;

/** The open cursors of one gateway. */
export function createCursors(options: CursorOptions): Cursors {
  const cursors = new Map<string, { cursor: Cursor; expires: number }>();

  const sweep = () => {
    const now = Date.now();
    const expired = [...cursors].filter(([, { expires }]) => expires <= now).map(([id]) => id);
    for (const id of expired) cursors.delete(id);
    if (expired.length > 0) options.onExpired(expired);
  };
  const timer = setInterval(sweep, Math.min(options.idleMs, options.orphanMs) / SWEEPS_PER_LIFETIME);
  timer.unref();

  return {
    add: (cursor) => void cursors.set(cursor.id, { cursor, expires: Date.now() + options.idleMs }),
    take(id) {
      const entry = cursors.get(id);
      if (!entry) throw new MongoError(43, `cursor id ${id} not found`);
      cursors.delete(id);
      return entry.cursor;
    },
    remove: (id) => cursors.delete(id),
    orphan(owner) {
      const expires = Date.now() + options.orphanMs;
      for (const entry of cursors.values()) if (entry.cursor.owner === owner) entry.expires = expires;
    },
    close: () => clearInterval(timer),
    get size() {
      return cursors.size;
    },
  };
}
