import type { Action, ChangeEvent, FieldChange, Link, Snapshot } from '@pipedesk/contracts';
import { conflict, type TenantContext } from '@pipedesk/service-kit';
import type { mongo } from 'mongoose';
import { setTimeout as delay } from 'node:timers/promises';
import type { StoredDocument } from './audited-model.ts';
import { castFields } from './cast-values.ts';
import { changeEvent } from './change-event.ts';
import { differingFields, diffRecords, valueOf } from './diff.ts';
import { isOwnField, type RecordBase, refuseInternal, toRecord } from './record.ts';
import type { Store } from './repository-definition.ts';
import { tenantOf } from './tenant.ts';

/**
 * Writes the difference between a record as read and as it should be, as its next version.
 * @returns the new version, `before` when nothing differs, undefined when somebody else has written meanwhile
 */
export async function writeVersion<R extends RecordBase>(
  store: Store<R>,
  context: TenantContext,
  before: R,
  draft: R,
  action?: Action,
): Promise<R | undefined> {
  const { after, changes, set, time } = await nextVersion(store, before, draft);
  if (changes.length === 0) return before;
  const event = nextEvent(store, context, { before, after, changes, time, action });
  const only = uniqueOf(store, after);
  const unique = only === uniqueOf(store, before) ? undefined : only;
  return (await update(store, context, before, { set, event, unique })) ? after : undefined;
}

/** What a draft comes to once its values are cast, and what has to be stored for that. */
async function nextVersion<R extends RecordBase>(store: Store<R>, before: R, draft: R) {
  const touched = differingFields(before, draft).filter(isOwnField);
  refuseInternal(touched);
  const values = await castFields(store.model, pick(draft, touched));
  const time = new Date();
  const { createdAt } = before;
  const base = { id: before.id, version: before.version + 1, createdAt, updatedAt: time.toISOString() };
  const after = { ...draft, ...toRecord<R>(values), ...base };
  // Once more: a value that only differed in form, such as a time with an offset, is the same after its cast.
  const changes = diffRecords(pick(before, touched), pick(after, touched));
  return { after, changes, time, set: { ...values, ...store.definition.derive?.(after), updatedAt: time } };
}

/**
 * Writes a tombstone: hard deletion would take the event along that still has to be sent.
 * @returns the record as it was, undefined when somebody else has written meanwhile
 */
export async function writeTombstone<R extends RecordBase>(
  store: Store<R>,
  context: TenantContext,
  before: R,
): Promise<R | undefined> {
  const time = new Date();
  const event = nextEvent(store, context, { before, after: null, changes: [], time });
  const set = { deletedAt: time, updatedAt: time };
  return (await update(store, context, before, { set, event, unique: null })) ? before : undefined;
}

/**
 * Takes a tombstone away: the record is there again as the draft has it, as its next version.
 * @returns undefined when somebody else has written meanwhile
 * @throws MongoServerError of a duplicate key when another record has meanwhile got what is unique
 */
export async function writeRestored<R extends RecordBase>(
  store: Store<R>,
  context: TenantContext,
  tombstone: R,
  draft: R,
): Promise<R | undefined> {
  const { after, changes, set, time } = await nextVersion(store, tombstone, draft);
  const event = nextEvent(store, context, { before: null, after, changes, time });
  const write = {
    set: { ...set, deletedAt: null },
    event,
    unique: uniqueOf(store, after),
    deletedAt: { $ne: null },
  };
  return (await update(store, context, tombstone, write)) ? after : undefined;
}

const attempts = 8;
const longestPause = 100;

/** Starts over, after a moment of chance length, when somebody else was faster. @throws ProblemError 409 */
export async function repeatOnRace<R>(attempt: () => Promise<R | undefined>): Promise<R> {
  for (let tries = 0; tries < attempts; tries++) {
    if (tries > 0) await delay(Math.random() * Math.min(longestPause, 5 * 2 ** tries));
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw conflict('concurrent_changes', { detail: 'Others keep changing this record. Try again.' });
}

/** What a version was before and is after; a removal ends with nothing, a restoration begins with nothing. */
interface Step<R> {
  before: R | null;
  after: R | null;
  changes: FieldChange[];
  time: Date;
  /** By what it was and is, unless told. */
  action?: Action | undefined;
}

function nextEvent<R extends RecordBase>(
  { definition: { entityType, linksOf = () => [] } }: Store<R>,
  context: TenantContext,
  { before, after, changes, time, action }: Step<R>,
): ChangeEvent {
  const sides = [before, after].filter((side) => side !== null);
  const [record] = sides;
  if (!record) throw new Error('a version is of some record');
  return changeEvent(context, {
    entityType,
    entityId: record.id,
    version: before ? before.version + 1 : record.version,
    action: action ?? actionOf(before, after),
    before: before as unknown as Snapshot | null,
    after: after as unknown as Snapshot | null,
    changes,
    links: uniqueLinks(sides.flatMap(linksOf)),
    time,
  });
}

function actionOf(before: unknown, after: unknown): Action {
  if (!after) return 'deleted';
  return before ? 'updated' : 'restored';
}

function uniqueOf<R extends RecordBase>({ definition }: Store<R>, record: R): string | null {
  return definition.unique?.(record) ?? null;
}

interface Write {
  set: Record<string, unknown> & { updatedAt: Date };
  event: ChangeEvent;
  /** To take, or with null to give up; untouched unless told. */
  unique?: string | null | undefined;
  /** What the record was before. */
  deletedAt?: null | { $ne: null };
}

/** The one atomic write: new values, next version, and the event, if the record is still as it was read. */
async function update<R extends RecordBase>(
  { collection, definition }: Store<R>,
  context: TenantContext,
  before: R,
  { set, event, unique, deletedAt = null }: Write,
): Promise<boolean> {
  const result = await collection.updateOne(
    { _id: before.id, tenantId: tenantOf(context), version: before.version, deletedAt },
    {
      $set: unique ? { ...set, _unique: unique } : set,
      ...(unique === null && { $unset: { _unique: 1 } }),
      $inc: { version: 1 },
      $push: { _outbox: event },
      // The oldest event decides when a sweep comes by, or a record that changes all the time would never be swept.
      $min: { _outboxAt: set.updatedAt },
    } as unknown as mongo.UpdateFilter<StoredDocument>,
  );
  if (result.matchedCount === 0) return false;
  definition.outbox.committed([event]);
  return true;
}

function pick(record: object, fields: string[]): Snapshot {
  return Object.fromEntries(fields.map((field) => [field, valueOf(record, field)]));
}

function uniqueLinks(links: Link[]): Link[] {
  return [...new Map(links.map((link) => [link.entityId, link])).values()];
}
