import type { FieldChange, Snapshot } from '@pipedesk/contracts';
import { type AuditLog } from '../audit-logs/audit-log.model.ts';
import { csvLine } from '../exports/csv.ts';
import type { Summary } from './summary.ts';

/** What a report is about, as its first line tells. */
export interface ReportHead {
  tenantId: string;
  from: string;
  to: string;
  filters: Snapshot;
  createdAt: string;
}

export interface ReportFormat {
  contentType: string;
  head(head: ReportHead): string;
  /** @param isFirst whether this is the first change of its entity in the report */
  record(log: AuditLog, isFirst: boolean): string;
  end(summary: Summary): string;
}

/** What a change did, field by field; a creation sets every field, a deletion clears them, a restoration sets them again. */
export function fieldChangesOf({ before, after, changes }: AuditLog): FieldChange[] {
  if (changes.length > 0) return changes;
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const all = [...fields].map((field) => ({
    field,
    before: before?.[field] ?? null,
    after: after?.[field] ?? null,
  }));
  return all.filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));
}

/** What the record was called; not everything has a name. */
function nameOf({ before, after }: AuditLog): string | null {
  const snapshot = after ?? before ?? {};
  const name = snapshot.name ?? snapshot.title ?? snapshot.email;
  return typeof name === 'string' ? name : null;
}

const columns = [
  ...['row', 'entityType', 'entityId', 'entityName', 'version', 'action', 'time'],
  ...['actorType', 'actorId', 'actorName', 'actorRole', 'field', 'before', 'after'],
  ...['ip', 'requestId', 'operationId', 'recordId', 'count'],
] as const;
type Row = Partial<Record<(typeof columns)[number], string | number | null>>;

const row = (cells: Row) => csvLine(columns.map((column) => cells[column] ?? null));

/** One table for spreadsheets: a row per changed field, the rows of an entity together, counts at the end. */
const csv: ReportFormat = {
  contentType: 'text/csv; charset=utf-8; header=present',
  head: ({ from, to, createdAt, filters }) =>
    csvLine(columns) +
    row({ row: 'report', time: createdAt, field: 'range', before: from, after: to }) +
    Object.entries(filters)
      .map(([field, value]) => row({ row: 'report', field: `filter ${field}`, after: textOf(value) }))
      .join(''),
  record(log) {
    const { entityType, entityId, version, action, actor, context } = log;
    const shared: Row = {
      row: 'change',
      entityType,
      entityId,
      entityName: nameOf(log),
      version,
      action,
      time: log.time.toISOString(),
      actorType: actor.type,
      actorId: actor.id,
      actorName: actor.name,
      actorRole: actor.role,
      ip: context.ip,
      requestId: context.requestId,
      operationId: context.operationId,
      recordId: log._id,
    };
    const changes = fieldChangesOf(log);
    if (changes.length === 0) return row(shared);
    return changes
      .map(({ field, before, after }) =>
        row({ ...shared, field, before: textOf(before), after: textOf(after) }),
      )
      .join('');
  },
  end({ records, entities, byEntityType, byAction, byUser, byDay }) {
    const count = (field: string, after: string | null, number: number, more: Row = {}) =>
      row({ row: 'count', field, after, count: number, ...more });
    return [
      count('changes', null, records),
      count('entities', null, entities),
      ...Object.entries(byEntityType).map(([type, number]) => count('entityType', type, number)),
      ...Object.entries(byAction).map(([action, number]) => count('action', action, number)),
      ...Object.entries(byUser).map(([id, user]) =>
        count('user', id, user.count, { actorId: id, actorName: user.name }),
      ),
      ...Object.entries(byDay).map(([day, number]) => count('day', day, number)),
    ].join('');
  },
};

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const line = (value: object) => `${JSON.stringify(value)}\n`;

/** For programs: `report`, then per entity its line `entity` and its lines `change`, last `summary`. */
const jsonl: ReportFormat = {
  contentType: 'application/jsonl; charset=utf-8',
  head: (head) => line({ line: 'report', ...head }),
  record(log, isFirst) {
    const { entityType, entityId, version, action, actor, context, erased } = log;
    const entity = isFirst ? line({ line: 'entity', entityType, entityId, name: nameOf(log) }) : '';
    const change = line({
      line: 'change',
      id: log._id,
      entityType,
      entityId,
      version,
      action,
      time: log.time.toISOString(),
      actor,
      context,
      changes: fieldChangesOf(log),
      ...(erased && { erased: erased.values.map(({ path }) => path) }),
    });
    return entity + change;
  },
  end: (summary) => line({ line: 'summary', ...summary }),
};

export const reportFormats = { csv, jsonl };
