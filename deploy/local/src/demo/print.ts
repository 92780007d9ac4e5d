import type { AuditRecord, FieldChange, RowReport, TimelineItem } from '@pipedesk/contracts';

const time = (iso: string) => iso.slice(0, 19).replace('T', ' ');
const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const change = ({ field, before, after }: FieldChange) => `${field}: ${show(before)} -> ${show(after)}`;

/** `2026-03-01 09:30:00  note     Ada Admin   They want the annual plan.` */
export function timelineLine(item: TimelineItem): string {
  // A note is its text; whatever else has one has a title that says more.
  const said = item.kind === 'note' ? item.text : undefined;
  const what = said ?? [item.title, ...(item.changes ?? []).map(change)].join('; ');
  return `  ${time(item.at)}  ${item.kind.padEnd(8)} ${item.actor.name.padEnd(14)} ${what}`;
}

export function auditLine(record: AuditRecord): string {
  const { actor, context } = record;
  const changes = record.action === 'updated' ? record.changes.map(change).join('; ') : '';
  const origin = `${context.ip ?? '-'} ${context.userAgent ?? '-'} request ${context.requestId ?? '-'}`;
  return `  v${record.version} ${time(record.time)} ${record.action} by ${actor.name} (${actor.role ?? actor.type}) from ${origin}\n      ${changes}`.trimEnd();
}

/** Reports by reason, with the first lines of each: 1,400 rows without an account are one line here. */
export function reportSummary(reports: RowReport[]): string[] {
  const groups = Map.groupBy(reports, ({ severity, reason }) => `${severity}: ${reason}`);
  return [...groups].map(([reason, rows]) => {
    const lines = rows.slice(0, 5).map(({ line }) => line);
    return `    ${String(rows.length).padStart(5)} x ${reason} (line ${lines.join(', ')}${rows.length > 5 ? ', ...' : ''})`;
  });
}
