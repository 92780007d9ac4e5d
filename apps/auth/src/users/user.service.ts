import type { NewUser, Page, User, UserListQuery, UserPatch } from '@pipedesk/contracts';
import { isDatabaseUnavailable, isDuplicateKey } from '@pipedesk/mongo';
import { conflict, type TenantContext } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import type { CredentialStore } from '../credentials/credential.model.ts';
import type { Passwords } from '../credentials/passwords.ts';
import type { SessionService } from '../sessions/session.service.ts';
import type { TeamService } from '../teams/team.service.ts';
import type { AdminLock } from './admin-lock.ts';
import { emailIndex, type UserRecord, type UserRepository } from './user.model.ts';
import { losesAdmin, requireKeepsAdmin, requireMayGrant } from './user.policy.ts';

export type UserService = ReturnType<typeof createUserService>;

interface UserDeps {
  users: UserRepository;
  credentials: CredentialStore;
  passwords: Passwords;
  sessions: SessionService;
  adminLock: AdminLock;
  teams: TeamService;
}

interface Registration {
  id: string;
  fields: Omit<NewUser, 'password'>;
  /** From `passwords.hash`. */
  hash: string;
  idempotencyKey?: string | undefined;
}

export function createUserService({ users, credentials, passwords, sessions, adminLock, teams }: UserDeps) {
  /**
   * The credential comes first, so that there is never a user who cannot log in; one without a user opens nothing.
   * @throws ProblemError 409 `email_in_use`, by whichever tenant
   */
  async function register(
    context: TenantContext,
    { id, fields, hash, idempotencyKey }: Registration,
  ): Promise<User> {
    const owner = { tenantId: context.tenantId, userId: id };
    await credentials.set(owner, hash);
    try {
      const { record, replayed } = await users.create(
        context,
        { ...fields, status: 'active', passwordChangedAt: null, hasSecondFactor: false, googleSub: null },
        { id, idempotencyKey },
      );
      if (replayed) await credentials.remove(owner);
      return present(context, record);
    } catch (error) {
      // After an outage the user may be there all the same; the password must then be there too.
      if (isDatabaseUnavailable(error)) throw error;
      await credentials.remove(owner);
      throw isDuplicateKey(error, emailIndex) ? emailInUse() : error;
    }
  }

  async function countOtherActiveAdmins(context: TenantContext, id: string): Promise<number> {
    const filter = { role: 'admin', status: 'active' };
    const { items } = await users.list(context, { filter, limit: 2 });
    return items.filter((user) => user.id !== id).length;
  }

  async function change(
    context: TenantContext,
    id: string,
    expectedVersion: number | undefined,
    patch: UserPatch,
  ): Promise<UserRecord> {
    const otherAdmins = await countOtherActiveAdmins(context, id);
    return users.change(context, id, { expectedVersion }, (user) => {
      if (losesAdmin(user, patch)) requireKeepsAdmin(context, user, otherAdmins);
      Object.assign(user, patch);
    });
  }

  return {
    register,
    create: async (
      context: TenantContext,
      { password, ...fields }: NewUser,
      idempotencyKey: string | undefined,
    ): Promise<User> => {
      requireMayGrant(context, fields.role);
      await teams.requireTeam(context, fields.teamId);
      const hash = await passwords.hash(password);
      return register(context, { id: uuidv7(), fields, hash, idempotencyKey });
    },
    get: async (context: TenantContext, id: string): Promise<User> =>
      present(context, await users.get(context, id)),
    list: async (
      context: TenantContext,
      { limit, cursor, role, status }: UserListQuery,
    ): Promise<Page<User>> => {
      const filter = { ...(role && { role }), ...(status && { status }) };
      const page = await users.list(context, { filter, limit, cursor });
      return { ...page, items: page.items.map((user) => present(context, user)) };
    },
    change: async (
      context: TenantContext,
      id: string,
      { ifMatch }: { ifMatch: number | undefined },
      patch: UserPatch,
    ): Promise<User> => {
      if (patch.role) requireMayGrant(context, patch.role);
      await teams.requireTeam(context, patch.teamId);
      const touchesAccess = patch.role !== undefined || patch.status !== undefined;
      const apply = () => change(context, id, ifMatch, patch);
      const user = touchesAccess ? await adminLock(context, apply) : await apply();
      if (patch.status === 'disabled') await sessions.endAllOf(context, id);
      return present(context, user);
    },
  };
}

export const emailInUse = () =>
  conflict('email_in_use', { detail: 'A user with this mail address exists already.' });

function present(context: TenantContext, user: UserRecord): User {
  return { ...user, tenantId: context.tenantId };
}
