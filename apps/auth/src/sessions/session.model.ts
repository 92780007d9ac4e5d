import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
  type RecordBase,
} from '@pipedesk/mongo';
import type { StoreDeps } from '../store-deps.ts';

const collection = 'sessions';

/** One login; its id is the `sid` of the tokens it leads to. Ended sessions are deleted. */
export interface Session extends RecordBase {
  userId: string;
  ip: string | null;
  userAgent: string | null;
  /** However often it is refreshed. */
  expiresAt: string;
}

export type SessionRepository = AuditedRepository<Session>;

export function createSessionRepository(deps: StoreDeps): SessionRepository {
  return createAuditedRepository<Session>({
    ...deps,
    entityType: 'session',
    collection,
    fields: {
      userId: { type: String, required: true },
      ip: { type: String, default: null },
      userAgent: { type: String, default: null },
      expiresAt: { type: Date, required: true },
    },
  });
}

export const sessionMigrations: Migration[] = [
  {
    id: '2026-11-22-session-indexes',
    up: (db) =>
      db
        .collection(collection)
        .createIndexes([
          ...auditedIndexes,
          { key: { tenantId: 1, userId: 1, _id: -1 }, name: 'tenant_user' },
        ]),
  },
];
