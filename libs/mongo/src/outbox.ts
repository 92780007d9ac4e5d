import type { AuditGap, ChangeEvent, EntityType, VersionClaim } from '@pipedesk/contracts';
import { failpoint } from '@pipedesk/service-kit';
import type { mongo } from 'mongoose';
import type { StoredDocument } from './audited-model.ts';
import { reconstructEvent } from './reconstruct.ts';

/** A record's outbox, as stored: the events that audit has not stored yet, oldest first, and since when there are any. */
export interface OutboxFields {
  _outbox?: ChangeEvent[];
  _outboxAt?: Date;
}

type OutboxCollection = mongo.Collection<OutboxFields & { _id: string }>;

/** The outboxes of all of a service's audited collections, as the relay of libs/messaging reads them. */
export interface Outbox {
  register(entityType: EntityType, collection: OutboxCollection): void;
  /** Tells the relay what a write has just committed. */
  committed(events: ChangeEvent[]): void;
  onCommitted(listener: (events: ChangeEvent[]) => void): void;
  /**
   * Everything that was waiting before `before`, in pages, oldest record first, in version order per record. Ends the waiting
   * of records that a crash has left with an empty outbox.
   */
  pending(before: Date, pageSize: number): AsyncIterable<ChangeEvent[]>;
  /** Takes events out by their ids; those it does not hold are passed over. */
  remove(eventIds: string[]): Promise<void>;
  backlog(): Promise<{ count: number; oldest: Date | null }>;
  /** All records whose outboxes are empty, deleted ones included, in pages. */
  settledRecords(pageSize: number): AsyncIterable<VersionClaim['records']>;
  /** What can be known of a version that audit has lost; undefined when the record is gone. */
  reconstruct(gap: AuditGap, service: string): Promise<ChangeEvent | undefined>;
}

export function createOutbox(): Outbox {
  const collections = new Map<EntityType, OutboxCollection>();
  const listeners: ((events: ChangeEvent[]) => void)[] = [];

  return {
    register: (entityType, collection) => void collections.set(entityType, collection),
    committed: (events) => {
      failpoint('outbox.after-write');
      for (const listener of listeners) listener(events);
    },
    onCommitted: (listener) => void listeners.push(listener),
    pending: async function* (before, pageSize) {
      for (const collection of collections.values()) {
        await endWaiting(collection, { _outboxAt: { $lt: before } });
        yield* pagesOf(collection, before, pageSize);
      }
    },
    remove: async (eventIds) => {
      for (const [entityType, some] of Map.groupBy(eventIds.map(partsOf), (id) => id.entityType)) {
        const collection = collections.get(entityType);
        if (collection) await removeFrom(collection, some);
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
    settledRecords: async function* (pageSize) {
      for (const [entityType, collection] of collections)
        for await (const records of pagesById(collection, pageSize))
          yield records
            .filter(({ _outboxAt }) => !_outboxAt)
            .map(({ _id, version }) => ({ entityType, entityId: _id, version }));
    },
    reconstruct: async (gap, service) => {
      const document = await collections.get(gap.entityType)?.findOne({ _id: gap.entityId });
      return document ? reconstructEvent(gap, document as unknown as StoredDocument, service) : undefined;
    },
  };
}

const oldestFirst = { _outboxAt: 1 } as const;

/** One cursor over all that waits: what is taken out meanwhile may or may not still come. */
async function* pagesOf(
  collection: OutboxCollection,
  before: Date,
  pageSize: number,
): AsyncGenerator<ChangeEvent[]> {
  const cursor = collection
    .find({ _outboxAt: { $lt: before } }, { batchSize: pageSize })
    .project<OutboxFields>({ _outbox: 1 })
    .sort(oldestFirst);
  let page: ChangeEvent[] = [];
  for await (const { _outbox = [] } of cursor) {
    page.push(..._outbox);
    if (page.length < pageSize) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** By keys and not by one cursor: a pass over everything takes longer than a server keeps cursors. */
async function* pagesById(collection: OutboxCollection, pageSize: number) {
  for (let last = ''; ;) {
    const page = await collection
      .find({ _id: { $gt: last } })
      .project<{ _id: string; version: number; _outboxAt?: Date }>({ version: 1, _outboxAt: 1 })
      .sort({ _id: 1 })
      .limit(pageSize)
      .toArray();
    yield page;
    if (page.length < pageSize) return;
    last = page.at(-1)?._id ?? '';
  }
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

interface EventIdParts {
  id: string;
  entityType: EntityType;
  entityId: string;
  version: number;
}

/** `deal:0198...:3`, as the contract has it. */
function partsOf(id: string): EventIdParts {
  const [entityType = '', entityId = '', version] = id.split(':');
  return { id, entityType: entityType as EntityType, entityId, version: Number(version) };
}

/**
 * Takes stored events out. Nearly always a record has just the one event, so records at the same version are cleared by
 * one command; the filter makes sure that it is that very event. Records that hold more get a `$pull`.
 */
async function removeFrom(collection: OutboxCollection, events: EventIdParts[]): Promise<void> {
  let cleared = 0;
  for (const [version, some] of Map.groupBy(events, (event) => event.version)) {
    const result = await collection.updateMany(
      {
        _id: { $in: some.map(({ entityId }) => entityId) },
        _outbox: { $size: 1 },
        '_outbox.data.version': version,
      },
      { $unset: { _outbox: 1, _outboxAt: 1 } },
    );
    cleared += result.modifiedCount;
  }
  if (cleared < events.length) await pullFrom(collection, events);
}

async function pullFrom(collection: OutboxCollection, events: EventIdParts[]): Promise<void> {
  const records = { $in: [...new Set(events.map(({ entityId }) => entityId))] };
  await collection.updateMany(
    { _id: records, _outboxAt: { $exists: true } },
    { $pull: { _outbox: { id: { $in: events.map(({ id }) => id) } } } },
  );
  await endWaiting(collection, { _id: records });
}

/**
 * Of records whose outboxes are empty. A crash between taking the last event out and this leaves one that waits for nothing,
 * and that nothing would ever end: so each sweep begins with it.
 */
async function endWaiting(
  collection: OutboxCollection,
  some: mongo.Filter<OutboxFields & { _id: string }>,
): Promise<void> {
  const emptied = { $and: [some, { _outbox: { $size: 0 } }] };
  await collection.updateMany(emptied, { $unset: { _outbox: 1, _outboxAt: 1 } });
}
