import { type Connection, tenantOf } from '@pipedesk/mongo';
import type { TenantContext } from '@pipedesk/service-kit';

interface StoredCredential {
  /** The user's id. */
  _id: string;
  tenantId: string;
  /** PHC string of argon2id, salt and parameters included. */
  hash: string;
}

export interface CredentialStore {
  hashOf(context: Pick<TenantContext, 'tenantId'>, userId: string): Promise<string | null>;
  set(context: TenantContext, userId: string, hash: string): Promise<void>;
  remove(context: TenantContext, userId: string): Promise<void>;
}

/**
 * Password hashes, apart from users and outside audit on purpose: every field of an audited record goes into events,
 * and a hash must not leave this service.
 */
export function createCredentialStore(connection: Connection): CredentialStore {
  const credentials = connection.collection<StoredCredential>('credentials');
  const keyOf = (context: Pick<TenantContext, 'tenantId'>, userId: string) => ({
    _id: userId,
    tenantId: tenantOf(context),
  });
  return {
    hashOf: async (context, userId) => {
      const credential = await credentials.findOne(keyOf(context, userId));
      return credential?.hash ?? null;
    },
    set: async (context, userId, hash) => {
      await credentials.updateOne(keyOf(context, userId), { $set: { hash } }, { upsert: true });
    },
    remove: async (context, userId) => {
      await credentials.deleteOne(keyOf(context, userId));
    },
  };
}
