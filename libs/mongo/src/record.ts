import type { Snapshot } from '@pipedesk/contracts';

/** Fields every audited record has on the wire. */
export interface RecordBase {
  id: string;
  version: number;
  createdAt: string;
  updatedAt: string;
}

/** The database keeps these and the wire never shows them, like every field whose name starts with `_`. */
const hidden = new Set(['tenantId', 'deletedAt']);

/** Every version changes these by itself. */
const bookkeeping = new Set(['id', 'version', 'createdAt', 'updatedAt']);

/** The fields whose change is worth telling. */
export function ownFields(record: RecordBase): Snapshot {
  return Object.fromEntries(Object.entries(record).filter(([field]) => isOwnField(field)));
}

export function isOwnField(field: string): boolean {
  return !bookkeeping.has(field);
}

/** @throws Error when a service tries to set what only this library writes (tenant, tombstone, outbox and the like), or a path */
export function refuseInternal(fields: string[]): void {
  const internal = fields.find((field) => hidden.has(field) || field.startsWith('_') || field.includes('.'));
  if (internal !== undefined) throw new Error(`${internal} is not a field of records`);
}

/** The JSON form of a stored document: `id` for `_id`, times as ISO 8601, nothing internal. */
export function toRecord<R>(document: Record<string, unknown>): R {
  const record: Snapshot = { id: document._id };
  for (const [key, value] of Object.entries(document)) {
    if (!hidden.has(key) && !key.startsWith('_')) record[key] = toJson(value);
  }
  return record as R;
}

/** For others to change. */
export function copyOf<R extends RecordBase>(record: R): R {
  return toJson(record) as R;
}

function toJson(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toJson(inner)]));
}
