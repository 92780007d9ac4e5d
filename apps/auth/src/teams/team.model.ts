import type { Team } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import type { StoreDeps } from '../store-deps.ts';

const collection = 'teams';

/** Name of the index that keeps a name to one team of a tenant. */
export const teamNameIndex = 'tenant_name';

export type TeamRepository = AuditedRepository<Team>;

export function createTeamRepository(deps: StoreDeps): TeamRepository {
  return createAuditedRepository<Team>({
    ...deps,
    entityType: 'team',
    collection,
    fields: { name: { type: String, required: true } },
  });
}

export const teamMigrations: Migration[] = [
  {
    id: '2026-11-22-team-indexes',
    up: (db) =>
      db
        .collection(collection)
        .createIndexes([
          ...auditedIndexes,
          { key: { tenantId: 1, name: 1 }, name: teamNameIndex, unique: true },
        ]),
  },
];
