import type { LegacyUse } from '@pipedesk/contracts';
import { type Connection, isDuplicateKey, type Migration } from '@pipedesk/mongo';

const collection = 'legacy_uses';
/** A repeated report comes within minutes; so many later ones are told from it. */
const remembered = 50;

/** What a client has called, ever, by route. */
export interface StoredLegacyUse extends Omit<LegacyUse, 'id' | 'lastSeen'> {
  /** `tenant/client/route`. */
  _id: string;
  lastSeen: Date;
  /** Ids of the latest reports. */
  reports: string[];
}

/** Counters, like those of limits: nobody's data, so they are not versioned. */
export interface LegacyUseStore {
  /** Adds a report, once however often it comes. */
  add(use: LegacyUse): Promise<void>;
  of(tenantId: string): Promise<StoredLegacyUse[]>;
}

export function createLegacyUseStore(connection: Connection): LegacyUseStore {
  const uses = connection.collection<StoredLegacyUse>(collection);
  return {
    add: async ({ id, tenantId, clientId, route, accepted, refused, lastSeen }) => {
      const key = `${tenantId}/${clientId}/${route}`;
      try {
        await uses.updateOne(
          { _id: key, reports: { $ne: id } },
          {
            $setOnInsert: { tenantId, clientId, route },
            $inc: { accepted, refused },
            $max: { lastSeen: new Date(lastSeen) },
            $push: { reports: { $each: [id], $slice: -remembered } },
          },
          { upsert: true },
        );
      } catch (error) {
        // The filter found nothing because the report is in already, and the insert met the record itself.
        if (!isDuplicateKey(error)) throw error;
      }
    },
    of: (tenantId) => uses.find({ tenantId }, { sort: { lastSeen: -1 }, limit: 1_000 }).toArray(),
  };
}

export const legacyUseMigrations: Migration[] = [
  {
    id: '2026-11-26-legacy-use-indexes',
    up: (db) => db.collection(collection).createIndex({ tenantId: 1, lastSeen: -1 }, { name: 'tenant' }),
  },
];
