import type { ChangeEvent } from '@pipedesk/contracts';
import type { mongo } from 'mongoose';

/** A record's outbox, as stored: the events not yet confirmed, oldest first, and since when there are any. */
export interface OutboxFields {
  _outbox?: ChangeEvent[];
  _outboxAt?: Date;
}

export interface OutboxEntry {
  store: string;
  event: ChangeEvent;
}

type OutboxCollection = mongo.Collection<OutboxFields & { _id: string }>;

/** The outboxes of all of a service's audited collections, as the relay of libs/messaging reads them. */
export interface Outbox {
  register(store: string, collection: OutboxCollection): void;
  /** Tells the relay what a write has just committed. */
  committed(store: string, events: ChangeEvent[]): void;
  onCommitted(listener: (entries: OutboxEntry[]) => void): void;
  /** At most `limit` events that were waiting before `before`, in version order per record. */
  leftovers(before: Date, limit: number): Promise<OutboxEntry[]>;
  remove(entries: OutboxEntry[]): Promise<void>;
  backlog(): Promise<{ count: number; oldest: Date | null }>;
}

export function createOutbox(): Outbox {
  const collections = new Map<string, OutboxCollection>();
  const listeners: ((entries: OutboxEntry[]) => void)[] = [];
  const collectionOf = (store: string) => {
    const collection = collections.get(store);
    if (!collection) throw new Error(`no audited collection is called ${store}`);
    return collection;
  };

  return {
    register: (store, collection) => void collections.set(store, collection),
    committed: (store, events) => {
      const entries = events.map((event) => ({ store, event }));
      for (const listener of listeners) listener(entries);
    },
    onCommitted: (listener) => void listeners.push(listener),
    leftovers: async (before, limit) => {
      const found: OutboxEntry[] = [];
      for (const [store, collection] of collections) {
        if (found.length >= limit) break;
        const documents = await pendingBefore(collection, before, limit - found.length);
        found.push(...documents.flatMap(({ _outbox = [] }) => _outbox.map((event) => ({ store, event }))));
      }
      return found.slice(0, limit);
    },
    remove: async (entries) => {
      for (const [store, some] of Map.groupBy(entries, (entry) => entry.store)) {
        await removeFrom(
          collectionOf(store),
          some.map(({ event }) => event),
        );
      }
    },
    backlog: async () => {
      const parts = await Promise.all([...collections.values()].map(backlogOf));
      const times = parts.flatMap(({ oldest }) => (oldest ? [oldest.getTime()] : []));
      return {
        count: parts.reduce((sum, part) => sum + part.count, 0),
        oldest: times.length ? new Date(Math.min(...times)) : null,
      };
    },
  };
}

const oldestFirst = { _outboxAt: 1 } as const;

function pendingBefore(collection: OutboxCollection, before: Date, limit: number) {
  return collection
    .find({ _outboxAt: { $lt: before } })
    .project<OutboxFields>({ _outbox: 1 })
    .sort(oldestFirst)
    .limit(limit)
    .toArray();
}

async function backlogOf(collection: OutboxCollection): Promise<{ count: number; oldest: Date | null }> {
  const first = await collection
    .find({ _outboxAt: { $gt: new Date(0) } })
    .sort(oldestFirst)
    .limit(1)
    .project<OutboxFields>({ _outboxAt: 1 })
    .next();
  if (!first?._outboxAt) return { count: 0, oldest: null };
  return {
    count: await collection.countDocuments({ _outboxAt: { $gt: new Date(0) } }),
    oldest: first._outboxAt,
  };
}

/**
 * Takes confirmed events out. Nearly always a record has just the one event, so records at the same version are
 * cleared by one command; the filter makes sure that it is that very event. Records that hold more get a `$pull`.
 */
async function removeFrom(collection: OutboxCollection, events: ChangeEvent[]): Promise<void> {
  const byVersion = Map.groupBy(events, ({ data }) => data.version);
  let cleared = 0;
  for (const [version, some] of byVersion) {
    const result = await collection.updateMany(
      { _id: { $in: some.map(recordId) }, _outbox: { $size: 1 }, '_outbox.data.version': version },
      { $unset: { _outbox: 1, _outboxAt: 1 } },
    );
    cleared += result.modifiedCount;
  }
  if (cleared < events.length) await pullFrom(collection, events);
}

async function pullFrom(collection: OutboxCollection, events: ChangeEvent[]): Promise<void> {
  const records = { $in: [...new Set(events.map(recordId))] };
  await collection.updateMany(
    { _id: records },
    { $pull: { _outbox: { id: { $in: events.map(({ id }) => id) } } } },
  );
  await collection.updateMany(
    { _id: records, _outbox: { $size: 0 } },
    { $unset: { _outbox: 1, _outboxAt: 1 } },
  );
}

function recordId(event: ChangeEvent): string {
  return event.subject.slice(event.subject.indexOf('/') + 1);
}
