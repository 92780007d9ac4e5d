import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
  type RecordBase,
} from '@pipedesk/mongo';
import type { StoreDeps } from '../store-deps.ts';

const collection = 'legacy_accesses';

/** A token that was given for headers; its id is the `sid` of that token. */
interface LegacyAccess extends RecordBase {
  clientId: string;
  /** What the token says, and what the headers said. */
  role: string;
  claimedRole: string;
  stage: string;
  expiresAt: string;
}

export type LegacyAccessRepository = AuditedRepository<LegacyAccess>;

export function createLegacyAccessRepository(deps: StoreDeps): LegacyAccessRepository {
  return createAuditedRepository<LegacyAccess>({
    ...deps,
    entityType: 'legacy_access',
    collection,
    fields: {
      clientId: { type: String, required: true },
      role: { type: String, required: true },
      claimedRole: { type: String, required: true },
      stage: { type: String, required: true },
      expiresAt: { type: Date, required: true },
    },
  });
}

export const legacyAccessMigrations: Migration[] = [
  {
    id: '2026-11-26-legacy-access-indexes',
    up: (db) => db.collection(collection).createIndexes([...auditedIndexes]),
  },
];
