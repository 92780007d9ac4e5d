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

/** A user as stored. Passwords are elsewhere (`credentials`): what is here goes into events and audit. */
export interface UserRecord extends Omit<User, 'tenantId'> {
  passwordChangedAt: string | null;
  /** A second factor is asked for at login. */
  hasSecondFactor: boolean;
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
    },
  });
}

/** Who a mail address belongs to. */
export interface Identity extends Pick<
  UserRecord,
  'name' | 'role' | 'teamId' | 'status' | 'hasSecondFactor'
> {
  userId: string;
  tenantId: string;
  permissionVersion: number;
}

/** Finds the user behind a mail address. */
export type EmailLookup = (email: string) => Promise<Identity | null>;

/**
 * The one read that is not confined to a tenant: at the login page only the mail address is known, and it is what
 * leads to the tenant. It answers with one user or none and serves login and signup alone.
 */
export function createEmailLookup(connection: Connection): EmailLookup {
  const users = connection.collection<Identity & { _id: string; version: number }>(collection);
  const fields = { tenantId: 1, name: 1, role: 1, teamId: 1, status: 1, version: 1, hasSecondFactor: 1 };
  return async (email) => {
    const user = await users.findOne({ email, deletedAt: null }, { projection: fields });
    if (!user) return null;
    const { _id: userId, version: permissionVersion, ...access } = user;
    return { ...access, userId, permissionVersion };
  };
}

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
];
