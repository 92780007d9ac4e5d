import type { Authority } from '@pipedesk/contracts';
import { conflict, type TenantContext, versionMismatch, withAuthority } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import type { StoredDocument } from './audited-model.ts';
import { draftDocument, type NewRecord } from './drafts.ts';
import { isDuplicateKey } from './errors.ts';
import { findFirst, findRepeated, fingerprintOf, insertFresh, isKeyTaken, ownKey } from './idempotency.ts';
import { requireRoom } from './outbox-room.ts';
import { copyOf, type RecordBase, toRecord } from './record.ts';
import type { Store } from './repository-definition.ts';
import { repeatOnRace, writeRestored, writeTombstone, writeVersion } from './versions.ts';

export interface Created<R> {
  record: R;
  /** True when an earlier request with the same idempotency key has made the record. */
  replayed: boolean;
}

interface CreateOptions {
  idempotencyKey?: string | undefined;
  /** What a repeat must have in common with the first request; the fields unless told. */
  request?: unknown;
  id?: string;
  /** Throws when there may be no such record; the repeat of a request is answered nevertheless. */
  admit?: (() => Promise<void>) | undefined;
}

interface ChangeOptions<R> {
  /** What the change is called where it is more than an update. */
  action?: 'converted';
  /** From If-Match. */
  expectedVersion?: number | undefined;
  /**
   * Throws when the caller may not; runs on the record as it is, before anything else. The rule it returns, if it does,
   * is kept with the change in place of the one that let the request in.
   */
  authorize?: ((record: R) => Authority) | ((record: R) => void);
}

/** A record as read, and the context to write its next version in. */
interface Opened<R> {
  record: R;
  acting: TenantContext;
}

export interface AuditedWrites<R extends RecordBase> {
  /**
   * @param options `idempotencyKey`: repeats with the same key return the record of the first
   * @throws ProblemError 422 `idempotency_key_reused` when the key came with another body before; MongoServerError of a
   * duplicate key (409 to clients) when another record has what is unique in this one
   */
  create(context: TenantContext, fields: NewRecord<R>, options?: CreateOptions): Promise<Created<R>>;
  /**
   * Creates in one command, each with its own event; drafts whose key exists already, or what is unique in them, are left
   * out of the answer.
   */
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
  /**
   * Brings back what `remove` took, as it was or as `mutate` makes it.
   * @throws ProblemError 404, 409 `<entity>_not_deleted`, 412 `version_mismatch`
   */
  restore(
    context: TenantContext,
    id: string,
    options: ChangeOptions<R>,
    mutate?: (draft: R) => void,
  ): Promise<R>;
}

interface Reads {
  /** @throws ProblemError 404 */
  read(context: TenantContext, id: string): Promise<StoredDocument>;
  readRemoved(context: TenantContext, id: string): Promise<StoredDocument | null>;
}

export function createAuditedWrites<R extends RecordBase>(
  store: Store<R>,
  { read, readRemoved }: Reads,
): AuditedWrites<R> {
  const { collection, definition } = store;

  function committed(documents: StoredDocument[]): void {
    definition.outbox.committed(documents.flatMap(({ _outbox = [] }) => _outbox));
  }

  async function draftKeyed(
    context: TenantContext,
    fields: NewRecord<R>,
    { id = uuidv7(), idempotencyKey, request = fields }: CreateOptions,
  ): Promise<StoredDocument> {
    const document = await draftDocument(store, context, fields, id);
    if (idempotencyKey !== undefined)
      document._idempotency = { key: ownKey(context, idempotencyKey), fingerprint: fingerprintOf(request) };
    return document;
  }

  function open(
    acting: TenantContext,
    document: StoredDocument,
    { expectedVersion, authorize }: ChangeOptions<R>,
  ): Opened<R> {
    const record = toRecord<R>(document);
    const authority = authorize?.(record);
    if (expectedVersion !== undefined && expectedVersion !== record.version)
      throw versionMismatch(expectedVersion, record.version);
    requireRoom(definition.entityType, document);
    return { record, acting: authority ? withAuthority(acting, authority) : acting };
  }

  async function openFor(context: TenantContext, id: string, options: ChangeOptions<R>): Promise<Opened<R>> {
    return open(context, await read(context, id), options);
  }

  async function openRemoved(
    context: TenantContext,
    id: string,
    options: ChangeOptions<R>,
  ): Promise<Opened<R>> {
    const tombstone = await readRemoved(context, id);
    if (tombstone) return open(context, tombstone, options);
    open(context, await read(context, id), options);
    const { entityType } = definition;
    throw conflict(`${entityType}_not_deleted`, { detail: `This ${entityType} is not deleted.` });
  }

  return {
    create: async (context, fields, options = {}) => {
      const { idempotencyKey, request = fields, admit } = options;
      try {
        await admit?.();
      } catch (refusal) {
        // What stands in the way may be what the first request made.
        const first =
          idempotencyKey !== undefined &&
          (await findFirst(collection, context, idempotencyKey, fingerprintOf(request)));
        if (first) return { record: toRecord<R>(first), replayed: true };
        throw refusal;
      }
      const document = await draftKeyed(context, fields, options);
      try {
        await collection.insertOne(document);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        const isKeyed =
          idempotencyKey !== undefined && (await isKeyTaken(collection, context, idempotencyKey));
        if (isKeyed) {
          const first = await findRepeated(collection, context, idempotencyKey, fingerprintOf(request));
          return { record: toRecord<R>(first), replayed: first._id !== document._id };
        }
        // The driver repeats an insert whose answer was lost; ids are unique, so a taken id is our own first attempt.
        if (!(await collection.findOne({ _id: document._id }))) throw error;
      }
      committed([document]);
      return { record: toRecord<R>(document), replayed: false };
    },
    createMany: async (context, drafts) => {
      const documents = await Promise.all(
        drafts.map(({ fields, idempotencyKey }) => draftKeyed(context, fields, { idempotencyKey })),
      );
      const written = await insertFresh(collection, documents);
      committed(written);
      return written.map((document) => toRecord<R>(document));
    },
    change: (context, id, options, mutate) =>
      repeatOnRace(async () => {
        const { record: before, acting } = await openFor(context, id, options);
        const draft = copyOf(before);
        mutate(draft);
        return writeVersion(store, acting, before, draft, options.action);
      }),
    remove: (context, id, options) =>
      repeatOnRace(async () => {
        const { record, acting } = await openFor(context, id, options);
        return writeTombstone(store, acting, record);
      }),
    restore: (context, id, options, mutate) =>
      repeatOnRace(async () => {
        const { record: tombstone, acting } = await openRemoved(context, id, options);
        const draft = copyOf(tombstone);
        mutate?.(draft);
        return writeRestored(store, acting, tombstone, draft);
      }),
  };
}
