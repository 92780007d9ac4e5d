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
    fields: {
      name: { type: String, required: true },
      managerIds: { type: [String], default: [] },
    },
  });
}

export const teamMigrations: Migration[] = [
  {
    id: '2026-11-26-team-managers',
    up: async (db) => {
      const teams = db.collection(collection);
      await teams.updateMany({ managerIds: { $exists: false } }, { $set: { managerIds: [] } });
      await teams.createIndexes([
        { key: { tenantId: 1, managerIds: 1 }, name: 'tenant_manager' },
        { key: { updatedAt: 1 }, name: 'changed' },
      ]);
    },
  },
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
