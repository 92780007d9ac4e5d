import type {
  Invitation,
  InvitationAcceptance,
  InvitationListQuery,
  NewInvitation,
  Page,
  TokenAnswer,
} from '@pipedesk/contracts';
import {
  authorize,
  conflict,
  permittedFilter,
  type RequestOrigin,
  type TenantContext,
  tenantContextOf,
} from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import { newCaller } from '../accounts/new-caller.ts';
import type { TokenAnswers } from '../accounts/token-answers.ts';
import type { Passwords } from '../credentials/passwords.ts';
import type { Letters } from '../mail/letters.ts';
import type { Mailer } from '../mail/mailer.ts';
import { linkExpired } from '../one-time/link-expired.ts';
import type { OneTimeTokens, TokenOwner } from '../one-time/one-time-tokens.ts';
import type { TeamService } from '../teams/team.service.ts';
import type { TenantRepository } from '../tenants/tenant.model.ts';
import type { EmailLookup } from '../users/user.model.ts';
import { emailInUse, type UserService } from '../users/user.service.ts';
import type { InvitationRepository } from './invitation.model.ts';
import { teamOfInvitation } from './invitation.policy.ts';

export type InvitationService = ReturnType<typeof createInvitationService>;

interface InvitationDeps {
  invitations: InvitationRepository;
  tenants: TenantRepository;
  teams: TeamService;
  users: UserService;
  findByEmail: EmailLookup;
  oneTime: OneTimeTokens;
  passwords: Passwords;
  answers: TokenAnswers;
  mailer: Mailer;
  letters: Letters;
  clock: () => Date;
}

const lifetime = 7 * 86_400_000;

export function createInvitationService(deps: InvitationDeps) {
  const { invitations, tenants, teams, users, findByEmail, oneTime, passwords, answers, clock } = deps;

  async function mail(context: TenantContext, { id, email }: Invitation): Promise<void> {
    const owner = { tenantId: context.tenantId, ownerId: id };
    const token = await oneTime.issue('invitation', owner, lifetime);
    const { name: tenant } = await tenants.get(context, context.tenantId);
    deps.mailer.send(deps.letters.invitation(email, token, { tenant, inviter: context.actor.name }));
  }

  /** Colleagues see who is a colleague anyway; whether other tenants have an address is told to nobody. */
  async function requireNewColleague(context: TenantContext, email: string): Promise<void> {
    if ((await findByEmail(email))?.tenantId === context.tenantId) throw emailInUse();
  }

  /** Whoever will come of the invitation acts in its name: nobody else is there. */
  function contextOf({ tenantId }: TokenOwner, origin: RequestOrigin, name: string) {
    const caller = newCaller({
      userId: uuidv7(),
      tenantId,
      name,
      role: 'viewer',
      teamId: null,
      permissionVersion: 1,
    });
    return tenantContextOf(caller, origin, 'auth');
  }

  async function findOpen(context: TenantContext, id: string): Promise<Invitation> {
    const invitation = await invitations.find(context, { _id: id });
    if (invitation?.status !== 'open' || invitation.expiresAt <= clock().toISOString()) throw linkExpired();
    return invitation;
  }

  return {
    create: async (
      context: TenantContext,
      request: NewInvitation,
      idempotencyKey: string | undefined,
    ): Promise<Invitation> => {
      const teamId = teamOfInvitation(context, request);
      await teams.requireTeam(context, teamId);
      await requireNewColleague(context, request.email);
      const expiresAt = new Date(clock().getTime() + lifetime).toISOString();
      const { email, role } = request;
      const ownerId = context.subject.userId;
      const { record, replayed } = await invitations.create(
        context,
        { email, role, teamId, ownerId, status: 'open', expiresAt },
        { idempotencyKey, request },
      );
      if (!replayed) await mail(context, record);
      return record;
    },
    list: (
      context: TenantContext,
      { limit, cursor, status }: InvitationListQuery,
    ): Promise<Page<Invitation>> => {
      const filter = { ...permittedFilter(context, 'users:invite'), ...(status && { status }) };
      return invitations.list(context, { filter, limit, cursor });
    },
    withdraw: async (context: TenantContext, id: string): Promise<void> => {
      await invitations.change(
        context,
        id,
        {
          authorize: (invitation) => authorize(context, 'users:invite', invitation),
        },
        (invitation) => {
          if (invitation.status === 'accepted')
            throw conflict('invitation_accepted', { detail: 'The invitation was accepted already.' });
          invitation.status = 'withdrawn';
        },
      );
      await oneTime.removeAllOf('invitation', { tenantId: context.tenantId, ownerId: id });
    },
    /**
     * Makes the invited a user and logs them in. The link works once.
     * @throws ProblemError 410 `link_expired`; 409 `email_in_use`, after which the link still works
     */
    accept: async (
      { token, name, password }: InvitationAcceptance,
      origin: RequestOrigin,
    ): Promise<TokenAnswer> => {
      const owner = await oneTime.find('invitation', token);
      if (!owner) throw linkExpired();
      const context = contextOf(owner, origin, name);
      const { email, role, teamId } = await findOpen(context, owner.ownerId);
      if (await findByEmail(email)) throw emailInUse();
      const hash = await passwords.hash(password);
      if (!(await oneTime.take('invitation', token))) throw linkExpired();
      const id = context.subject.userId;
      const user = await users.register(context, { id, fields: { name, email, role, teamId }, hash });
      await invitations.change(context, owner.ownerId, {}, (invitation) => {
        invitation.status = 'accepted';
      });
      const { tenantId } = owner;
      const caller = newCaller({
        userId: user.id,
        tenantId,
        name,
        role,
        teamId,
        permissionVersion: user.version,
      });
      return answers.open(caller, tenantContextOf(caller, origin, 'auth'));
    },
  };
}
