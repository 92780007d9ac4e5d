import type { Owned, TimelineType } from '@pipedesk/contracts';
import type { Connection } from '@pipedesk/mongo';
import type { mongo } from 'mongoose';
import { upsertNewer, type Versioned } from '../projection/upsert-newer.ts';

/** What timeline must know of a record to decide who may read its timeline; `_id` is the record's id. */
export interface Entity extends Versioned, Owned {
  tenantId: string;
  entityType: TimelineType;
  deleted: boolean;
}

export type EntityRepository = ReturnType<typeof createEntityRepository>;

export function createEntityRepository(connection: Connection) {
  const collection = connection.collection('entities') as unknown as mongo.Collection<Entity>;
  return {
    find: (tenantId: string, entityType: TimelineType, entityId: string): Promise<Entity | null> =>
      collection.findOne({ _id: entityId, tenantId, entityType }),
    /** Owners and teams of a tenant's records, by record id. */
    async ownersOf(tenantId: string, ids: string[]): Promise<Map<string, Owned>> {
      const found = await collection
        .find({ _id: { $in: [...new Set(ids)] }, tenantId }, { projection: { ownerId: 1, teamId: 1 } })
        .toArray();
      return new Map(found.map(({ _id, ownerId, teamId }) => [_id, { ownerId, teamId }]));
    },
    /** The tenants of the records that are known, by record id. */
    async tenantsOf(ids: string[]): Promise<Map<string, string>> {
      const found = await collection
        .find({ _id: { $in: [...new Set(ids)] } }, { projection: { tenantId: 1 } })
        .toArray();
      return new Map(found.map(({ _id, tenantId }) => [_id, tenantId]));
    },
    project: (entities: Entity[]): Promise<void> => upsertNewer(collection, entities),
  };
}
