import type { AuditRecord } from '@pipedesk/contracts';
import { csvLine } from './csv.ts';

interface ExportFormat {
  contentType: string;
  /** What stands before the first record. */
  head: string;
  line(record: AuditRecord): string;
}

const columns: Record<string, (record: AuditRecord) => string | number | null> = {
  id: ({ id }) => id,
  time: ({ time }) => time,
  receivedAt: ({ receivedAt }) => receivedAt,
  entityType: ({ entityType }) => entityType,
  entityId: ({ entityId }) => entityId,
  version: ({ version }) => version,
  action: ({ action }) => action,
  actorType: ({ actor }) => actor.type,
  actorId: ({ actor }) => actor.id,
  actorName: ({ actor }) => actor.name,
  actorRole: ({ actor }) => actor.role,
  ip: ({ context }) => context.ip,
  userAgent: ({ context }) => context.userAgent,
  requestId: ({ context }) => context.requestId,
  apiKeyId: ({ context }) => context.apiKeyId,
  operationId: ({ context }) => context.operationId,
  source: ({ context }) => context.source,
  changes: ({ changes }) => JSON.stringify(changes),
  before: ({ before }) => (before ? JSON.stringify(before) : null),
  after: ({ after }) => (after ? JSON.stringify(after) : null),
  authority: ({ context }) => context.authority?.source ?? null,
  rule: ({ context }) => context.authority?.rule ?? null,
  rulesVersion: ({ context }) => context.authority?.rulesVersion ?? null,
  grantsVersion: ({ context }) => context.authority?.grantsVersion ?? null,
};
const cells = Object.values(columns);

export const exportFormats: Record<'csv' | 'jsonl', ExportFormat> = {
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: csvLine(Object.keys(columns)),
    line: (record) => csvLine(cells.map((cell) => cell(record))),
  },
  jsonl: {
    contentType: 'application/jsonl; charset=utf-8',
    head: '',
    line: (record) => `${JSON.stringify(record)}\n`,
  },
};
