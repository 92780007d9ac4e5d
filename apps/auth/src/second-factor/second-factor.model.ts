import type { Connection } from '@pipedesk/mongo';
import type { CredentialOwner } from '../credentials/credential.model.ts';

export interface StoredSecondFactor {
  /** The user's id. */
  _id: string;
  tenantId: string;
  /** The shared secret in base32, encrypted. */
  sealedSecret: string;
  /** Null while the user has not shown that their app knows the secret. */
  confirmedAt: Date | null;
  /** The 30 s step whose code was used last: each works once (RFC 6238 section 5.2). */
  lastStep: number;
  /** Keyed hashes of the codes that are left. */
  recoveryCodes: string[];
}

export interface SecondFactorStore {
  find(owner: CredentialOwner): Promise<StoredSecondFactor | null>;
  /** @returns false when there is a confirmed one */
  propose(owner: CredentialOwner, sealedSecret: string): Promise<boolean>;
  confirm(owner: CredentialOwner, time: Date, recoveryCodes: string[]): Promise<void>;
  /** @returns true for whoever is first with a step */
  useStep(owner: CredentialOwner, step: number): Promise<boolean>;
  /** @returns true for whoever is first with a code */
  useRecoveryCode(owner: CredentialOwner, hash: string): Promise<boolean>;
  replaceRecoveryCodes(owner: CredentialOwner, hashes: string[]): Promise<void>;
  remove(owner: CredentialOwner): Promise<void>;
}

/** Beside users and outside audit, like passwords: secrets must not go into events. */
export function createSecondFactorStore(connection: Connection): SecondFactorStore {
  const factors = connection.collection<StoredSecondFactor>('second_factors');
  const keyOf = ({ tenantId, userId }: CredentialOwner) => ({ _id: userId, tenantId });
  return {
    find: (owner) => factors.findOne(keyOf(owner)),
    propose: async (owner, sealedSecret) => {
      const fresh = { sealedSecret, confirmedAt: null, lastStep: 0, recoveryCodes: [] };
      const known = await factors.findOne(keyOf(owner));
      if (known?.confirmedAt) return false;
      await factors.updateOne({ ...keyOf(owner), confirmedAt: null }, { $set: fresh }, { upsert: true });
      return true;
    },
    confirm: async (owner, confirmedAt, recoveryCodes) => {
      await factors.updateOne(keyOf(owner), { $set: { confirmedAt, recoveryCodes } });
    },
    useStep: async (owner, step) => {
      const filter = { ...keyOf(owner), lastStep: { $lt: step } };
      return (await factors.updateOne(filter, { $set: { lastStep: step } })).modifiedCount === 1;
    },
    useRecoveryCode: async (owner, hash) => {
      const filter = { ...keyOf(owner), recoveryCodes: hash };
      return (await factors.updateOne(filter, { $pull: { recoveryCodes: hash } })).modifiedCount === 1;
    },
    replaceRecoveryCodes: async (owner, recoveryCodes) => {
      await factors.updateOne(keyOf(owner), { $set: { recoveryCodes } });
    },
    remove: async (owner) => {
      await factors.deleteOne(keyOf(owner));
    },
  };
}
