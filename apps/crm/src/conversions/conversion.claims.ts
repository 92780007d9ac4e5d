import type { Deal, NewCompany, NewDeal } from '@pipedesk/contracts';
import { type Connection, isDuplicateKey, type Migration } from '@pipedesk/mongo';
import type { TenantContext } from '@pipedesk/service-kit';

/** Whose the new records are. */
export type Owner = Pick<Deal, 'ownerId' | 'teamId'>;

/** What a conversion makes or links, settled before anything is written: whoever goes on makes the very same. */
export interface ConversionPlan {
  company: { id: string } | { fields: NewCompany } | null;
  deal: { id: string } | { fields: NewDeal };
  owner: Owner;
}

/** The one conversion of a lead. Whoever holds the lease works on it; after a crash anybody may. */
export interface Claim {
  /** The lead's id: there is never a second. */
  _id: string;
  tenantId: string;
  state: 'open' | 'done';
  leasedUntil: Date;
  context: TenantContext;
  operationId: string;
  plan: ConversionPlan;
  /** The Idempotency-Key with its sender, and what came with it. */
  request: { key: string | null; fingerprint: string };
}

export type ConversionClaims = ReturnType<typeof createConversionClaims>;

const collectionName = 'conversions';
const leaseMs = 15_000;
const lease = () => new Date(Date.now() + leaseMs);

export function createConversionClaims(connection: Connection) {
  const claims = connection.collection<Claim>(collectionName);
  return {
    find: (tenantId: string, leadId: string): Promise<Claim | null> =>
      claims.findOne({ _id: leadId, tenantId }),

    /** @returns false when the lead has been claimed before */
    claim: async (claim: Omit<Claim, 'state' | 'leasedUntil'>): Promise<boolean> => {
      try {
        await claims.insertOne({ ...claim, state: 'open', leasedUntil: lease() });
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        // The driver repeats an insert whose answer was lost.
        return (await claims.findOne({ _id: claim._id }))?.operationId === claim.operationId;
      }
    },

    /** Takes a conversion that a crash has left; null when there is none. */
    takeAbandoned: (): Promise<Claim | null> =>
      claims.findOneAndUpdate(
        { state: 'open', leasedUntil: { $lt: new Date() } },
        { $set: { leasedUntil: lease() } },
        { sort: { leasedUntil: 1 }, returnDocument: 'after' },
      ),

    finish: (leadId: string) => claims.updateOne({ _id: leadId }, { $set: { state: 'done' } }),

    /** The lead is gone; should it come back, it can be converted anew. */
    drop: (leadId: string) => claims.deleteOne({ _id: leadId }),
  };
}

export const conversionMigrations: Migration[] = [
  {
    id: '2026-11-26-conversion-claims',
    up: (db) =>
      db.collection(collectionName).createIndex({ state: 1, leasedUntil: 1 }, { name: 'abandoned' }),
  },
];
