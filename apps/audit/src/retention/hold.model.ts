import type { AuditHold } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  type Connection,
  createAuditedRepository,
  type Migration,
  type Outbox,
} from '@pipedesk/mongo';

export const holdCollection = 'auditholds';

export type HoldRepository = AuditedRepository<AuditHold>;

export function createHoldRepository(deps: { connection: Connection; outbox: Outbox }): HoldRepository {
  return createAuditedRepository<AuditHold>({
    ...deps,
    entityType: 'audit_hold',
    collection: holdCollection,
    fields: {
      reason: { type: String, required: true },
      entityType: { type: String, default: null },
      entityId: { type: String, default: null },
    },
  });
}

export const holdMigrations: Migration[] = [
  {
    id: '2026-11-26-audit-hold-indexes',
    up: (db) => db.collection(holdCollection).createIndexes([...auditedIndexes]),
  },
];
