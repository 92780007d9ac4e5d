import type { EntityType, Link, Page } from '@pipedesk/contracts';
import {
  type CursorBinding,
  decodeCursor,
  notFound,
  pageFrom,
  type TenantContext,
} from '@pipedesk/service-kit';
import mongoose, { type SchemaDefinition } from 'mongoose';
import { type AuditedWrites, createAuditedWrites, ownKey } from './audited-writes.ts';
import { createAuditedModel, type StoredDocument } from './audited-model.ts';
import type { Connection } from './connection.ts';
import type { Outbox } from './outbox.ts';
import { type RecordBase, toRecord } from './record.ts';

export interface RepositoryDefinition<R extends RecordBase> {
  connection: Connection;
  outbox: Outbox;
  entityType: EntityType;
  collection: string;
  /** mongoose paths of the record's own fields. */
  fields: SchemaDefinition;
  /** Records on whose timelines this record's changes belong too. */
  linksOf?: (record: R) => Link[];
  /** Stored beside the record and never shown; names start with `_`. Used for sort keys. */
  derive?: (record: R) => Record<string, unknown>;
}

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
  const { connection, outbox, entityType, collection, fields } = definition;
  const model = createAuditedModel(connection, entityType, collection, fields);
  outbox.register(collection, model.collection as unknown as Parameters<Outbox['register']>[1]);

  async function load(context: TenantContext, id: string): Promise<StoredDocument> {
    const document = await model
      .findOne({ _id: id, tenantId: tenantOf(context), deletedAt: null })
      .lean<StoredDocument>();
    if (!document)
      throw notFound(`${entityType}_not_found`, {
        detail: `There is no ${entityType.replace('_', ' ')} with this id.`,
      });
    return document;
  }

  return {
    ...createAuditedWrites({ definition, model, load }),
    get: async (context, id) => toRecord<R>(await load(context, id)),
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
      const { filter, limit, cursor, orderBy = '_id', direction = 'descending' } = request;
      const tenantId = tenantOf(context);
      const binding: CursorBinding = [collection, tenantId, filter, orderBy, direction];
      const documents = await model
        .find({ ...trust(filter), ...after(binding, cursor, orderBy, direction), tenantId, deletedAt: null })
        .sort({ [orderBy]: direction === 'ascending' ? 1 : -1 })
        .limit(limit + 1)
        .lean<StoredDocument[]>();
      const page = pageFrom(documents, limit, binding, (document) => String(document[orderBy]));
      return { ...page, items: page.items.map((document) => toRecord<R>(document)) };
    },
  };
}

/** @throws Error when a data access has no tenant: a defect that must never turn into "all tenants" */
export function tenantOf(context: Pick<TenantContext, 'tenantId'>): string {
  if (!context.tenantId) throw new Error('data access without a tenant');
  return context.tenantId;
}

function after(binding: CursorBinding, cursor: string | undefined, orderBy: string, direction: string) {
  if (cursor === undefined) return {};
  const key = decodeCursor(binding, cursor);
  return { [orderBy]: mongoose.trusted(direction === 'ascending' ? { $gt: key } : { $lt: key }) };
}

/** Filters are built by services, never by clients, so their operators may pass `sanitizeFilter`. */
function trust(filter: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(filter).map(([field, value]) => {
    const isOperator = typeof value === 'object' && value !== null && !Array.isArray(value);
    return [field, isOperator ? mongoose.trusted(value) : value] as const;
  });
  return Object.fromEntries(entries);
}
