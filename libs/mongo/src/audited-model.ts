import { type Model, Schema } from 'mongoose';
import { guardAudited } from './audited-guard.ts';
import type { OutboxFields } from './outbox.ts';
import type { RecordBase } from './record.ts';
import type { RepositoryDefinition } from './repository-definition.ts';

/** An audited document as stored: the record's own fields beside these. */
export interface StoredDocument extends OutboxFields {
  _id: string;
  tenantId: string;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
  /** A POST's Idempotency-Key with the fingerprint of its body. */
  _idempotency?: { key: string; fingerprint: string };
  /** What the record alone has while it is not deleted. */
  _unique?: string;
  [field: string]: unknown;
}

export type AuditedModel = Model<StoredDocument>;

/** A mongoose model that validates and reads, and whose writes all throw. */
export function createAuditedModel<R extends RecordBase>({
  connection,
  entityType,
  collection,
  fields,
}: RepositoryDefinition<R>): AuditedModel {
  const schema = new Schema(
    {
      ...fields,
      _id: { type: String, required: true },
      tenantId: { type: String, required: true, immutable: true },
      version: { type: Number, required: true },
      createdAt: { type: Date, required: true },
      updatedAt: { type: Date, required: true },
      deletedAt: { type: Date, default: null },
      _outbox: { type: [Schema.Types.Mixed], default: undefined },
      _outboxAt: Date,
      _idempotency: { type: Schema.Types.Mixed, default: undefined },
      _unique: { type: String, default: undefined },
    },
    { collection, strict: 'throw', versionKey: false, minimize: false, id: false },
  );
  const model = connection.model(entityType, schema) as unknown as AuditedModel;
  guardAudited(connection, model.collection);
  return model;
}

/** Indexes every audited collection needs: its lists, its outbox sweep, its idempotency keys. */
export const auditedIndexes = [
  { key: { tenantId: 1, _id: -1 }, name: 'tenant_newest' },
  { key: { _outboxAt: 1 }, name: 'outbox', partialFilterExpression: { _outboxAt: { $exists: true } } },
  {
    key: { tenantId: 1, '_idempotency.key': 1 },
    name: 'idempotency',
    unique: true,
    partialFilterExpression: { '_idempotency.key': { $exists: true } },
  },
] as const;

/** For collections whose records have something that is unique among those that are not deleted. */
export const uniqueIndex = {
  key: { tenantId: 1, _unique: 1 },
  name: 'unique',
  unique: true,
  partialFilterExpression: { _unique: { $exists: true } },
} as const;
