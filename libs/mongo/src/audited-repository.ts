import type { Page } from '@pipedesk/contracts';
import {
  type CursorBinding,
  decodeCursor,
  notFound,
  pageFrom,
  type TenantContext,
} from '@pipedesk/service-kit';
import mongoose from 'mongoose';
import { createAuditedModel, type StoredDocument } from './audited-model.ts';
import { type AuditedWrites, createAuditedWrites } from './audited-writes.ts';
import { ownKey } from './idempotency.ts';
import { type RecordBase, toRecord } from './record.ts';
import type { RepositoryDefinition, Store } from './repository-definition.ts';
import { tenantOf } from './tenant.ts';

export interface ListRequest {
  filter: Record<string, unknown>;
  limit: number;
  cursor?: string | undefined;
  /** A stored, unique, sortable string; `_id` unless told, which for UUIDv7 is the order of creation. */
  orderBy?: string;
  direction?: 'ascending' | 'descending';
}

/**
 * The only door to an audited collection. Every call is confined to the tenant of its context; every write leaves an
 * event in the document itself, in the same atomic operation.
 */
export interface AuditedRepository<R extends RecordBase> extends AuditedWrites<R> {
  /** @throws ProblemError 404 `<entity>_not_found`, for another tenant's id as well */
  get(context: TenantContext, id: string): Promise<R>;
  find(context: TenantContext, filter: Record<string, unknown>): Promise<R | null>;
  /** A deleted record, as it was. */
  findRemoved(context: TenantContext, id: string): Promise<R | null>;
  /**
   * Which of these values of a field the tenant has already, each with the idempotency key its record was made with.
   */
  keysOf(context: TenantContext, field: string, values: string[]): Promise<Map<string, string | null>>;
  /** @throws ProblemError 400 `invalid_cursor` */
  list(context: TenantContext, request: ListRequest): Promise<Page<R>>;
}

export function createAuditedRepository<R extends RecordBase>(
  definition: RepositoryDefinition<R>,
): AuditedRepository<R> {
  const { connection, outbox, entityType, collection: name } = definition;
  const model = createAuditedModel(definition);
  const db = connection.getClient().db(connection.name);
  const collection = db.collection<StoredDocument>(name);
  const store: Store<R> = { definition, model, collection };
  outbox.register(entityType, db.collection(name));

  /** Past mongoose: the filter is fixed, and this is on the path of every write. */
  async function read(context: TenantContext, id: string): Promise<StoredDocument> {
    const document = await collection.findOne({ _id: id, tenantId: tenantOf(context), deletedAt: null });
    if (document) return document;
    throw notFound(`${entityType}_not_found`, {
      detail: `There is no ${entityType.replace('_', ' ')} with this id.`,
    });
  }

  function readRemoved(context: TenantContext, id: string): Promise<StoredDocument | null> {
    return collection.findOne({ _id: id, tenantId: tenantOf(context), deletedAt: { $ne: null } });
  }

  return {
    ...createAuditedWrites(store, { read, readRemoved }),
    get: async (context, id) => toRecord<R>(await read(context, id)),
    findRemoved: async (context, id) => {
      const tombstone = await readRemoved(context, id);
      return tombstone && toRecord<R>(tombstone);
    },
    find: async (context, filter) => {
      const document = await model
        .findOne({ ...filter, tenantId: tenantOf(context), deletedAt: null })
        .lean<StoredDocument>();
      return document && toRecord<R>(document);
    },
    keysOf: async (context, field, values) => {
      const documents = await model
        .find({ tenantId: tenantOf(context), deletedAt: null, [field]: mongoose.trusted({ $in: values }) })
        .select({ [field]: 1, _idempotency: 1 })
        .lean<StoredDocument[]>();
      const ownPrefix = ownKey(context, '');
      return new Map(
        documents.map((document) => [
          String(document[field]),
          document._idempotency?.key.replace(ownPrefix, '') ?? null,
        ]),
      );
    },
    list: async (context, request) => {
      const { filter, limit, orderBy = '_id', direction = 'descending' } = request;
      const tenantId = tenantOf(context);
      const binding: CursorBinding = [name, tenantId, filter, orderBy, direction];
      const documents = await model
        .find({ ...trust({ ...filter, ...after(binding, request) }), tenantId, deletedAt: null })
        .sort({ [orderBy]: direction === 'ascending' ? 1 : -1 })
        .limit(limit + 1)
        .lean<StoredDocument[]>();
      const page = pageFrom(documents, limit, binding, (document) => String(document[orderBy]));
      return { ...page, items: page.items.map((document) => toRecord<R>(document)) };
    },
  };
}

/** Where the page begins, within the bounds that the filter itself may set on the order's field. */
function after(binding: CursorBinding, { cursor, filter, orderBy = '_id', direction }: ListRequest) {
  if (cursor === undefined) return {};
  const key = decodeCursor(binding, cursor);
  const bounds = filter[orderBy];
  return {
    [orderBy]: {
      ...(isOperator(bounds) && bounds),
      ...(direction === 'ascending' ? { $gt: key } : { $lt: key }),
    },
  };
}

/** Filters are built by services, never by clients, so their operators may pass `sanitizeFilter`. */
function trust(filter: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(filter).map(([field, value]) => {
    if (field === '$or') return [field, (value as Record<string, unknown>[]).map(trust)] as const;
    return [field, isOperator(value) ? mongoose.trusted(value) : value] as const;
  });
  return Object.fromEntries(entries);
}

function isOperator(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
