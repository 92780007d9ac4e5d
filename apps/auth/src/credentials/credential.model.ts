import type { Connection } from '@pipedesk/mongo';
import type { Caller } from '@pipedesk/service-kit';

interface StoredCredential {
  /** The user's id. */
  _id: string;
  tenantId: string;
  /** PHC string of argon2id, salt and parameters included. */
  hash: string;
}

/** Whose password. Both ids are asked for: a user's id alone opens nothing in another tenant. */
export type CredentialOwner = Pick<Caller, 'tenantId' | 'userId'>;

export interface CredentialStore {
  hashOf(owner: CredentialOwner): Promise<string | null>;
  set(owner: CredentialOwner, hash: string): Promise<void>;
  remove(owner: CredentialOwner): Promise<void>;
}

/**
 * Password hashes, apart from users and outside audit on purpose: every field of an audited record goes into events,
 * and a hash must not leave this service.
 */
export function createCredentialStore(connection: Connection): CredentialStore {
  const credentials = connection.collection<StoredCredential>('credentials');
  const keyOf = ({ tenantId, userId }: CredentialOwner) => ({ _id: userId, tenantId });
  return {
    hashOf: async (owner) => (await credentials.findOne(keyOf(owner)))?.hash ?? null,
    set: async (owner, hash) => {
      await credentials.updateOne(keyOf(owner), { $set: { hash } }, { upsert: true });
    },
    remove: async (owner) => {
      await credentials.deleteOne(keyOf(owner));
    },
  };
}
