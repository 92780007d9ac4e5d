import type { FieldChange, Snapshot } from '@pipedesk/contracts';
import { isDeepStrictEqual } from 'node:util';

/** A record as crm stores it. */
export interface StoredRecord extends Record<string, unknown> {
  _id: string;
  version: number;
  deletedAt: Date | null;
}

/** A change as audit stores it. */
export interface StoredLog {
  _id: string;
  entityId: string;
  version: number;
  action: 'created' | 'updated' | 'deleted' | 'restored' | 'occurred';
  before: Snapshot | null;
  after: Snapshot | null;
  changes: FieldChange[];
  context: { requestId: string | null };
}

/** Invariants 2 to 5 for the records of one kind. */
export function historyViolations(kind: string, records: StoredRecord[], logs: StoredLog[]): string[] {
  const byRecord = Map.groupBy(logs, ({ entityId }) => entityId);
  const known = new Set(records.map(({ _id }) => _id));
  const strays = [...byRecord.keys()].filter((id) => !known.has(id));
  return [
    ...strays.map((id) => `2: audit knows ${kind} ${id}, crm does not`),
    ...records.flatMap((record) => {
      const own = (byRecord.get(record._id) ?? []).toSorted((a, b) => a.version - b.version);
      const violation = violationOf(record, own);
      return violation === undefined ? [] : [`${violation} (${kind} ${record._id})`];
    }),
  ];
}

function violationOf(record: StoredRecord, logs: StoredLog[]): string | undefined {
  const versions = logs.map(({ version }) => version);
  if (new Set(logs.map(({ _id }) => _id)).size < logs.length) return '5: an event is there twice';
  if (!isDeepStrictEqual(versions, versionsUpTo(record.version)))
    return `3: at version ${record.version}, audit has ${versions.join(',')}`;
  return replayViolation(record, logs);
}

const versionsUpTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

/**
 * Invariant 4: from nothing, change by change as audit tells them, to the record as it is, all of its fields. Each change
 * must begin with what the one before it ended with.
 */
function replayViolation(record: StoredRecord, logs: StoredLog[]): string | undefined {
  let before: Snapshot | null = null;
  let replayed: Snapshot = {};
  for (const log of logs) {
    if (!isDeepStrictEqual(log.before, before))
      return `4: ${log._id} does not begin where the one before it ended`;
    replayed = apply(replayed, log);
    if (log.after && !isDeepStrictEqual(ownFields(log.after), replayed))
      return `4: ${log._id} does not tell all that it changed`;
    before = log.after;
  }
  const last = logs.at(-1);
  const isDeleted = last?.after === null;
  const stored = snapshotOf(record);
  if (isDeleted !== (record.deletedAt !== null)) return '4: deleted for one, not for the other';
  if (!isDeepStrictEqual(ownFields(stored), replayed)) return '4: replaying its audit gives another record';
  if (!isDeleted && !isDeepStrictEqual(stored, last?.after)) return '4: its audit ends with another snapshot';
  return undefined;
}

function apply(record: Snapshot, { action, after, changes }: StoredLog): Snapshot {
  // A deletion changes no field: the tombstone stays as it was.
  if (action === 'deleted') return record;
  if (action !== 'updated') return ownFields(after ?? {});
  return changes.reduce((next, change) => set(next, change.field.split('.'), change.after), record);
}

function set(record: Snapshot, [field = '', ...rest]: string[], value: unknown): Snapshot {
  return { ...record, [field]: rest.length === 0 ? value : set(record[field] as Snapshot, rest, value) };
}

/** What every version changes by itself is not among the changes. */
const bookkeeping = new Set(['id', 'version', 'createdAt', 'updatedAt']);
/** What crm keeps and never shows, like every field whose name begins with `_`. */
const hidden = new Set(['tenantId', 'deletedAt']);

const ownFields = (snapshot: Snapshot): Snapshot =>
  Object.fromEntries(Object.entries(snapshot).filter(([field]) => !bookkeeping.has(field)));

/** The record as clients see it, made here anew: a checker that shared the code would share its mistakes. */
function snapshotOf(record: StoredRecord): Snapshot {
  const shown = Object.entries(record).filter(([field]) => !hidden.has(field) && !field.startsWith('_'));
  return JSON.parse(JSON.stringify({ id: record._id, ...Object.fromEntries(shown) })) as Snapshot;
}
