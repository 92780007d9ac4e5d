import type { ChangeEvent, Snapshot } from '@pipedesk/contracts';
import { conflict, type TenantContext, unprocessable, versionMismatch } from '@pipedesk/service-kit';
import { mongo } from 'mongoose';
import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { AuditedModel, StoredDocument } from './audited-model.ts';
import { type RepositoryDefinition, tenantOf } from './audited-repository.ts';
import { changeEvent } from './change-event.ts';
import { diffRecords } from './diff.ts';
import { isDuplicateKey } from './errors.ts';
import { type RecordBase, toRecord } from './record.ts';

/** A record's own fields, as a service gives them to `create`. */
export type NewRecord<R extends RecordBase> = Omit<R, keyof RecordBase>;

export interface Created<R> {
  record: R;
  /** True when an earlier request with the same idempotency key has made the record. */
  replayed: boolean;
}

interface ChangeOptions<R> {
  /** From If-Match. */
  expectedVersion?: number | undefined;
  /** Throws when the caller may not; runs on the record as it is, before anything else. */
  authorize?: (record: R) => void;
}

export interface AuditedWrites<R extends RecordBase> {
  /**
   * @param idempotencyKey repeats with the same key return the first record
   * @throws ProblemError 422 `idempotency_key_reused` when the key came with another body before
   */
  create(
    context: TenantContext,
    fields: NewRecord<R>,
    options?: { idempotencyKey?: string | undefined; id?: string },
  ): Promise<Created<R>>;
  /** Creates in one command, each with its own event; drafts whose key exists already are left out of the answer. */
  createMany(
    context: TenantContext,
    drafts: { fields: NewRecord<R>; idempotencyKey: string }[],
  ): Promise<R[]>;
  /**
   * Applies `mutate` to a copy of the record and writes the difference with its event, atomically, if the record is
   * still at the version that was read; a concurrent change makes it start over. No difference writes nothing.
   * @throws ProblemError 404, 412 `version_mismatch`, 409 `concurrent_changes`
   */
  change(
    context: TenantContext,
    id: string,
    options: ChangeOptions<R>,
    mutate: (draft: R) => void,
  ): Promise<R>;
  /** Soft delete: a tombstone keeps the event until it is sent. */
  remove(context: TenantContext, id: string, options: ChangeOptions<R>): Promise<R>;
}

const attempts = 5;

interface WritesOptions<R extends RecordBase> {
  definition: RepositoryDefinition<R>;
  model: AuditedModel;
  load: (context: TenantContext, id: string) => Promise<StoredDocument>;
}

export function createAuditedWrites<R extends RecordBase>({
  definition,
  model,
  load,
}: WritesOptions<R>): AuditedWrites<R> {
  const { entityType, outbox, collection: store } = definition;
  const linksOf = definition.linksOf ?? (() => []);
  const derive = definition.derive ?? (() => ({}));
  const collection = model.collection as unknown as mongo.Collection<StoredDocument>;

  /** Casts and checks with the mongoose schema. @throws mongoose ValidationError */
  async function cast(values: Record<string, unknown>, paths?: string[]): Promise<StoredDocument> {
    const document = new model(values);
    await document.validate(paths);
    return document.toObject<StoredDocument>({ flattenMaps: true });
  }

  async function draftDocument(
    context: TenantContext,
    fields: NewRecord<R>,
    id: string,
    key?: string,
  ): Promise<StoredDocument> {
    const time = new Date();
    const base = { _id: id, tenantId: tenantOf(context), version: 1, createdAt: time, updatedAt: time };
    const document = await cast({ ...fields, ...base });
    const record = toRecord<R>(document);
    const event = changeEvent(context, {
      entityType,
      entityId: id,
      version: 1,
      action: 'created',
      before: null,
      after: record as unknown as Snapshot,
      changes: diffRecords({}, ownFields(record)),
      links: linksOf(record),
      time,
    });
    Object.assign(document, derive(record), { _outbox: [event], _outboxAt: time });
    if (key !== undefined)
      document._idempotency = { key: ownKey(context, key), fingerprint: fingerprintOf(fields) };
    return document;
  }

  async function findByKey(context: TenantContext, key: string): Promise<StoredDocument | null> {
    return collection.findOne({ tenantId: tenantOf(context), '_idempotency.key': ownKey(context, key) });
  }

  async function create(
    context: TenantContext,
    fields: NewRecord<R>,
    { idempotencyKey, id = uuidv7() } = {} as { idempotencyKey?: string | undefined; id?: string },
  ): Promise<Created<R>> {
    const document = await draftDocument(context, fields, id, idempotencyKey);
    try {
      await collection.insertOne(document);
    } catch (error) {
      if (idempotencyKey !== undefined && isDuplicateKey(error, 'idempotency'))
        return replay(context, idempotencyKey, fields);
      // The driver repeats an insert whose answer was lost; ids are unique, so a taken id is our own first attempt.
      if (!isDuplicateKey(error, '_id_')) throw error;
    }
    outbox.committed(store, document._outbox ?? []);
    return { record: toRecord<R>(document), replayed: false };
  }

  async function replay(context: TenantContext, key: string, fields: NewRecord<R>): Promise<Created<R>> {
    const document = await findByKey(context, key);
    if (document?._idempotency?.fingerprint !== fingerprintOf(fields)) {
      throw unprocessable('idempotency_key_reused', {
        detail: 'This Idempotency-Key was used with another body. Use a new key.',
      });
    }
    return { record: toRecord<R>(document), replayed: true };
  }

  async function createMany(
    context: TenantContext,
    drafts: { fields: NewRecord<R>; idempotencyKey: string }[],
  ): Promise<R[]> {
    const documents = await Promise.all(
      drafts.map(({ fields, idempotencyKey }) => draftDocument(context, fields, uuidv7(), idempotencyKey)),
    );
    const refused = await insertAll(collection, documents);
    const written = documents.filter((_, index) => !refused.has(index));
    outbox.committed(
      store,
      written.flatMap(({ _outbox = [] }) => _outbox),
    );
    return written.map((document) => toRecord<R>(document));
  }

  async function change(
    context: TenantContext,
    id: string,
    options: ChangeOptions<R>,
    mutate: (draft: R) => void,
  ): Promise<R> {
    return repeatOnRace(async () => {
      const before = await loadFor(context, id, options);
      const draft = structuredClone(before);
      mutate(draft);
      return writeVersion(context, before, draft);
    });
  }

  async function remove(context: TenantContext, id: string, options: ChangeOptions<R>): Promise<R> {
    return repeatOnRace(async () => {
      const before = await loadFor(context, id, options);
      const time = new Date();
      const event = nextEvent(context, before, null, time);
      const isWritten = await update(context, before, { deletedAt: time, updatedAt: time }, event, time);
      return isWritten ? before : undefined;
    });
  }

  async function loadFor(
    context: TenantContext,
    id: string,
    { expectedVersion, authorize }: ChangeOptions<R>,
  ): Promise<R> {
    const record = toRecord<R>(await load(context, id));
    authorize?.(record);
    if (expectedVersion !== undefined && expectedVersion !== record.version)
      throw versionMismatch(expectedVersion, record.version);
    return record;
  }

  /** undefined when somebody else has written meanwhile. */
  async function writeVersion(context: TenantContext, before: R, draft: R): Promise<R | undefined> {
    const paths = changedFields(before, draft);
    if (paths.length === 0) return before;
    const values = await cast(pick(draft, paths), paths);
    const time = new Date();
    const after = {
      ...draft,
      ...toRecord<R>(pick(values, paths)),
      id: before.id,
      version: before.version + 1,
      updatedAt: time.toISOString(),
    };
    const set = { ...pick(values, paths), ...derive(after), updatedAt: time };
    const isWritten = await update(context, before, set, nextEvent(context, before, after, time), time);
    return isWritten ? after : undefined;
  }

  function nextEvent(context: TenantContext, before: R, after: R | null, time: Date): ChangeEvent {
    return changeEvent(context, {
      entityType,
      entityId: before.id,
      version: before.version + 1,
      action: after ? 'updated' : 'deleted',
      before: before as unknown as Snapshot,
      after: after as unknown as Snapshot | null,
      changes: after ? diffRecords(ownFields(before), ownFields(after)) : [],
      links: uniqueLinks([...linksOf(before), ...(after ? linksOf(after) : [])]),
      time,
    });
  }

  /** The one atomic write: new values, next version, and the event, if the record is still as it was read. */
  async function update(
    context: TenantContext,
    before: R,
    set: Record<string, unknown>,
    event: ChangeEvent,
    time: Date,
  ): Promise<boolean> {
    const result = await collection.updateOne(
      { _id: before.id, tenantId: tenantOf(context), version: before.version },
      {
        $set: { ...set, _outboxAt: time },
        $inc: { version: 1 },
        $push: { _outbox: event },
      } as unknown as mongo.UpdateFilter<StoredDocument>,
    );
    if (result.matchedCount === 0) return false;
    outbox.committed(store, [event]);
    return true;
  }

  return { create, createMany, change, remove };
}

async function repeatOnRace<R>(attempt: () => Promise<R | undefined>): Promise<R> {
  for (let tries = 0; tries < attempts; tries++) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw conflict('concurrent_changes', { detail: 'Others keep changing this record. Try again.' });
}

/** Inserts all it can. @returns the positions that were refused because their idempotency key exists */
async function insertAll(
  collection: mongo.Collection<StoredDocument>,
  documents: StoredDocument[],
): Promise<Set<number>> {
  try {
    await collection.insertMany(documents, { ordered: false });
    return new Set();
  } catch (error) {
    if (!(error instanceof mongo.MongoBulkWriteError)) throw error;
    const failures = [error.writeErrors].flat();
    if (failures.some(({ code }) => code !== 11000)) throw error;
    return new Set(failures.map(({ index }) => index));
  }
}

/** Keys belong to the user who sent them: two users may choose the same. */
export function ownKey(context: TenantContext, key: string): string {
  return `${context.actor.id}:${key}`;
}

function fingerprintOf(fields: unknown): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('base64url');
}

const bookkeeping = new Set(['id', 'version', 'createdAt', 'updatedAt']);

/** The fields whose change is worth telling. */
function ownFields(record: RecordBase): Snapshot {
  return Object.fromEntries(Object.entries(record).filter(([field]) => !bookkeeping.has(field)));
}

function changedFields(before: RecordBase, after: RecordBase): string[] {
  const changes = diffRecords(ownFields(before), ownFields(after));
  return [...new Set(changes.map(({ field }) => field.split('.', 1)[0] ?? field))];
}

function pick(record: object, fields: string[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field, Reflect.get(record, field) ?? null]));
}

function uniqueLinks<L extends { entityId: string }>(links: L[]): L[] {
  return [...new Map(links.map((link) => [link.entityId, link])).values()];
}
