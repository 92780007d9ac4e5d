import type { Grant, RevocationSnapshot, UserAccess } from '@pipedesk/contracts';
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

interface StoredGrant extends Pick<Grant, 'permission' | 'scope' | 'to'> {
  _id: string;
  tenantId: string;
  expiresAt: Date | null;
  deletedAt: Date | null;
}
interface StoredTeam {
  _id: string;
  tenantId: string;
  version: number;
  managerIds: string[];
}

/** Reads what has ended or changed since a time, in all tenants: services ask, and they serve all tenants. */
export interface RevocationReader {
  revoked(since: Date): Promise<Pick<RevocationSnapshot, 'sessions' | 'users' | 'tenants'>>;
  /** Rights beside roles: what has changed since a time, or all there are. */
  rights(since?: Date): Promise<Pick<RevocationSnapshot, 'grants' | 'teams'>>;
}

export function createRevocationReader(connection: Connection): RevocationReader {
  const sessions = connection.collection<Ended>('sessions');
  const apiKeys = connection.collection<Ended>('api_keys');
  const users = connection.collection<ChangedUser>('users');
  const tenants = connection.collection<ChangedTenant>('tenants');
  const grants = connection.collection<StoredGrant>('grants');
  const teams = connection.collection<StoredTeam>('teams');

  async function revoked(since: Date) {
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
  }

  async function rights(since?: Date) {
    const changed = { updatedAt: { $gte: since } };
    const [given, managed] = await Promise.all([
      grants.find(since ? changed : { deletedAt: null }).toArray(),
      teams.find(since ? changed : { 'managerIds.0': { $exists: true } }).toArray(),
    ]);
    return {
      grants: given.map(stateOf),
      teams: managed.map(({ _id: id, tenantId, version, managerIds }) => ({
        id,
        tenantId,
        version,
        managerIds,
      })),
    };
  }

  return { revoked, rights };
}

function stateOf({ _id: id, tenantId, permission, scope, to, expiresAt, deletedAt }: StoredGrant) {
  const expiry = expiresAt?.toISOString() ?? null;
  return { id, tenantId, permission, scope, to, expiresAt: expiry, isRevoked: deletedAt !== null };
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
