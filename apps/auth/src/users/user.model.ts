import type { User } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  type Connection,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import type { StoreDeps } from '../store-deps.ts';

const collection = 'users';

/** Name of the index that keeps a mail address to one user of the installation. */
export const emailIndex = 'email_unique';

/** Name of the index that keeps a Google account to one user of the installation. */
export const googleIndex = 'google_unique';

/** A user as stored. Passwords are elsewhere (`credentials`): what is here goes into events and audit. */
export interface UserRecord extends Omit<User, 'tenantId'> {
  passwordChangedAt: string | null;
  /** A second factor is asked for at login. */
  hasSecondFactor: boolean;
  /** The Google account the user signs in with, by the one name of it that never changes. */
  googleSub: string | null;
}
export type UserRepository = AuditedRepository<UserRecord>;

export function createUserRepository(deps: StoreDeps): UserRepository {
  return createAuditedRepository<UserRecord>({
    ...deps,
    entityType: 'user',
    collection,
    fields: {
      email: { type: String, required: true },
      name: { type: String, required: true },
      role: { type: String, required: true },
      teamId: { type: String, default: null },
      status: { type: String, required: true },
      passwordChangedAt: { type: Date, default: null },
      hasSecondFactor: { type: Boolean, default: false },
      googleSub: { type: String, default: null },
    },
  });
}

/** Who a mail address belongs to. */
export interface Identity extends Pick<
  UserRecord,
  'name' | 'role' | 'teamId' | 'status' | 'hasSecondFactor' | 'googleSub'
> {
  userId: string;
  tenantId: string;
  permissionVersion: number;
}

/** Finds the user behind a mail address. */
export type EmailLookup = (email: string) => Promise<Identity | null>;
/** Finds the user who is linked to a Google account. */
export type GoogleLookup = (sub: string) => Promise<Identity | null>;

const identityFields = {
  tenantId: 1,
  name: 1,
  role: 1,
  teamId: 1,
  status: 1,
  version: 1,
  hasSecondFactor: 1,
  googleSub: 1,
};

/**
 * The only reads that are not confined to a tenant: at the login page a mail address or a Google account is all that is
 * known, and it is what leads to the tenant. They answer with one user or none and serve login and signup alone.
 */
function createLookup(connection: Connection, field: 'email' | 'googleSub') {
  const users = connection.collection<UserRecord & Identity & { _id: string; version: number }>(collection);
  return async (value: string): Promise<Identity | null> => {
    const user = await users.findOne({ [field]: value, deletedAt: null }, { projection: identityFields });
    if (!user) return null;
    const { _id: userId, version: permissionVersion, ...access } = user;
    return { ...access, userId, permissionVersion, googleSub: user.googleSub ?? null };
  };
}

export const createEmailLookup = (connection: Connection): EmailLookup => createLookup(connection, 'email');
export const createGoogleLookup = (connection: Connection): GoogleLookup =>
  createLookup(connection, 'googleSub');

export const userMigrations: Migration[] = [
  {
    id: '2026-11-22-user-security-fields',
    up: async (db) => {
      const fields = { passwordChangedAt: null, hasSecondFactor: false };
      await db.collection(collection).updateMany({ hasSecondFactor: { $exists: false } }, { $set: fields });
    },
  },
  {
    id: '2026-11-22-user-indexes',
    up: (db) =>
      db
        .collection(collection)
        .createIndexes([
          ...auditedIndexes,
          { key: { email: 1 }, name: emailIndex, unique: true },
          { key: { tenantId: 1, role: 1, _id: -1 }, name: 'tenant_role' },
        ]),
  },
  {
    id: '2026-11-26-user-google',
    up: async (db) => {
      await db.collection(collection).createIndexes([
        {
          key: { googleSub: 1 },
          name: googleIndex,
          unique: true,
          partialFilterExpression: { googleSub: { $gt: '' } },
        },
      ]);
    },
  },
];
