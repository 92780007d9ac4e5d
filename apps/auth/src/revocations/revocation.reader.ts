import type { RevocationSnapshot, UserAccess } from '@pipedesk/contracts';
import type { Connection, Migration } from '@pipedesk/mongo';

interface Ended {
  _id: string;
  tenantId: string;
  deletedAt: Date | null;
}
interface ChangedUser extends Omit<UserAccess, 'id'> {
  _id: string;
  updatedAt: Date;
  deletedAt: Date | null;
}
interface ChangedTenant {
  _id: string;
  notBefore: Date | null;
}

/** Reads what has ended or changed since a time, in all tenants: services ask, and they serve all tenants. */
export type RevocationReader = (
  since: Date,
) => Promise<Pick<RevocationSnapshot, 'sessions' | 'users' | 'tenants'>>;

export function createRevocationReader(connection: Connection): RevocationReader {
  const sessions = connection.collection<Ended>('sessions');
  const apiKeys = connection.collection<Ended>('api_keys');
  const users = connection.collection<ChangedUser>('users');
  const tenants = connection.collection<ChangedTenant>('tenants');
  return async (since) => {
    const [ended, revoked, changed, moved] = await Promise.all([
      sessions.find({ deletedAt: { $gte: since } }, { projection: { tenantId: 1 } }).toArray(),
      apiKeys.find({ deletedAt: { $gte: since } }, { projection: { tenantId: 1 } }).toArray(),
      users.find({ updatedAt: { $gte: since } }).toArray(),
      tenants.find({ notBefore: { $gte: since } }, { projection: { notBefore: 1 } }).toArray(),
    ]);
    return {
      sessions: [...ended, ...revoked].map(({ _id: id, tenantId }) => ({ id, tenantId })),
      users: changed.map(accessOf),
      tenants: moved.flatMap(({ _id: id, notBefore }) =>
        notBefore ? [{ id, notBefore: notBefore.toISOString() }] : [],
      ),
    };
  };
}

function accessOf({ _id: id, deletedAt, ...user }: ChangedUser): UserAccess {
  const { tenantId, version, name, role, teamId } = user;
  return { id, tenantId, version, name, role, teamId, status: deletedAt ? 'disabled' : user.status };
}

export const revocationMigrations: Migration[] = [
  {
    id: '2026-11-22-revocation-indexes',
    up: async (db) => {
      await db.collection('sessions').createIndex({ deletedAt: 1 }, { name: 'ended' });
      await db.collection('users').createIndex({ updatedAt: 1 }, { name: 'changed' });
      await db.collection('tenants').createIndex({ notBefore: 1 }, { name: 'not_before' });
    },
  },
];
