import type { Tenant, TokenAnswer, User } from '@pipedesk/contracts';
import type { Caller, TenantContext } from '@pipedesk/service-kit';
import type { SessionService } from '../sessions/session.service.ts';
import type { TenantRepository } from '../tenants/tenant.model.ts';
import type { TokenIssuer } from '../tokens/token-issuer.ts';
import type { UserService } from '../users/user.service.ts';

interface TokenAnswersDeps {
  sessions: SessionService;
  tokens: TokenIssuer;
  users: UserService;
  tenants: TenantRepository;
}

/** What whoever has logged in, by whichever way, is given. */
export interface TokenAnswers {
  /** Opens the caller's session. */
  open(caller: Caller, context: TenantContext): Promise<TokenAnswer>;
  /** New tokens of a session that is open. */
  next(caller: Caller, context: TenantContext, refreshToken: string): Promise<TokenAnswer>;
  me(context: TenantContext): Promise<{ user: User; tenant: Tenant }>;
}

export function createTokenAnswers({ sessions, tokens, users, tenants }: TokenAnswersDeps): TokenAnswers {
  async function me(context: TenantContext) {
    const [user, tenant] = await Promise.all([
      users.get(context, context.subject.userId),
      tenants.get(context, context.tenantId),
    ]);
    return { user, tenant };
  }

  async function next(caller: Caller, context: TenantContext, refreshToken: string): Promise<TokenAnswer> {
    const [access, profile] = await Promise.all([tokens.issue(caller), me(context)]);
    return { ...access, tokenType: 'Bearer', refreshToken, ...profile };
  }

  return {
    me,
    next,
    open: async (caller, context) => next(caller, context, await sessions.open(context, caller.sessionId)),
  };
}
