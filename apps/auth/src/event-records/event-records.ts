import { type Connection, type Migration, removeSettled } from '@pipedesk/mongo';
import type { Logger } from '@pipedesk/service-kit';

/**
 * Records that are written for their event alone, which audit keeps for good. Nobody reads them here, and there is one for every
 * failed login and every kind of refusal.
 */
const collections = ['login_attempts', 'access_refusals', 'legacy_accesses'];
/** ms. */
const keptFor = 90 * 86_400_000;
const lookEvery = 3_600_000;

export interface EventRecordSweep {
  /** Removes what is old and has reached audit. */
  sweep(): Promise<void>;
  close(): void;
}

interface SweepDeps {
  connection: Connection;
  clock: () => Date;
  log: Logger;
}

/**
 * A TTL index would be shorter, and would remove a record whose event audit could not take for so long: the event would be
 * lost. It cannot ask for what is not there, an outbox.
 */
export function createEventRecordSweep({ connection, clock, log }: SweepDeps): EventRecordSweep {
  async function sweep(): Promise<void> {
    const before = new Date(clock().getTime() - keptFor);
    for (const collection of collections) {
      const removed = await removeSettled(connection, collection, before);
      if (removed > 0) log.info({ collection, removed }, 'old records removed, which audit keeps');
    }
  }

  const timer = setInterval(() => {
    sweep().catch((error: unknown) => {
      log.warn({ err: error }, 'old records could not be removed; it will be repeated');
    });
  }, lookEvery);
  timer.unref();
  return {
    sweep,
    close: () => {
      clearInterval(timer);
    },
  };
}

export const eventRecordMigrations: Migration[] = [
  {
    id: '2026-11-26-swept-records',
    up: async (db) => {
      for (const name of collections) {
        const collection = db.collection(name);
        // Of before there was a sweep.
        if (await collection.indexExists('expired')) await collection.dropIndex('expired');
        await collection.createIndex({ createdAt: 1 }, { name: 'created' });
      }
    },
  },
];
