import type { LegacyUsage, LegacyUse, Role } from '@pipedesk/contracts';
import {
  type Caller,
  forbidden,
  type LegacyDecision,
  type LegacyPolicy,
  type RequestOrigin,
  type TenantContext,
  tenantContextOf,
} from '@pipedesk/service-kit';
import { createHash } from 'node:crypto';
import { newCaller } from '../accounts/new-caller.ts';
import type { TokenIssuer } from '../tokens/token-issuer.ts';
import type { LegacyAccessRepository } from './legacy-access.model.ts';
import type { LegacyUseStore } from './legacy-use.model.ts';

export type LegacyService = ReturnType<typeof createLegacyService>;

interface LegacyDeps {
  policy: LegacyPolicy;
  accesses: LegacyAccessRepository;
  uses: LegacyUseStore;
  tokens: TokenIssuer;
  clock: () => Date;
}

/** Of a token that stands for headers: a stage that is made stricter bites so soon, ms. */
const lifetime = 120_000;
const day = 86_400_000;

/** The way out for callers of before there were tokens. What counts is configured here as at the gateway, and decided again. */
export function createLegacyService({ policy, accesses, uses, tokens, clock }: LegacyDeps) {
  const daysTo = (sunset: Date) => Math.floor((sunset.getTime() - clock().getTime()) / day);

  return {
    /**
     * A real access token for a listed client, never above `sales`, and a record of it for audit.
     * @throws ProblemError 403 `legacy_not_accepted`
     */
    exchange: async (
      { clientId, role, ip }: { clientId: string; role: Role; ip: string },
      origin: RequestOrigin,
    ): Promise<{ accessToken: string; expiresIn: number }> => {
      const now = clock();
      const decision = policy.decideFor(clientId, role, now);
      if (decision?.outcome !== 'accepted' || !policy.sunset) throw notAccepted();
      const until = new Date(Math.min(now.getTime() + lifetime, policy.sunset.getTime()));
      const caller = callerFor(decision, now);
      const context = tenantContextOf(caller, { ...origin, ip }, 'auth');
      const { stage } = decision;
      const expiresAt = until.toISOString();
      const fields = { clientId, role: caller.role, claimedRole: role, stage, expiresAt };
      await accesses.create(context, fields, { id: caller.sessionId });
      return tokens.issue(caller, until);
    },
    count: async (reported: LegacyUse[]): Promise<void> => {
      for (const use of reported) await uses.add(use);
    },
    usageOf: async ({ tenantId }: TenantContext): Promise<LegacyUsage> => {
      const stage = policy.stageOf(tenantId, clock());
      const daysToSunset = policy.sunset ? daysTo(policy.sunset) : null;
      const stored = await uses.of(tenantId);
      const items = stored.map(({ clientId, route, accepted, refused, lastSeen }) => ({
        ...{ clientId, route, calls: accepted + refused, refused, stage, daysToSunset },
        lastSeen: lastSeen.toISOString(),
      }));
      const seen = new Set(stored.map(({ clientId }) => clientId));
      const unseen = policy.clientsOf(tenantId).flatMap(({ id }) => (seen.has(id) ? [] : [id]));
      return { stage, sunset: policy.sunset?.toISOString() ?? null, daysToSunset, items, unseen };
    },
  };
}

function callerFor({ client, role }: LegacyDecision, now: Date): Caller {
  const { id, tenantId, teamId } = client;
  const name = `Legacy client ${id}`;
  const caller = newCaller(
    { userId: userIdOf(client), tenantId, name, role, teamId, permissionVersion: 1 },
    now,
  );
  // It has proven nothing: whatever wants a fresh proof of identity is refused.
  return { ...caller, authenticatedAt: 0, legacyClient: id };
}

/** Whose records a client makes: always the same, and nobody's who can log in. In the form of a UUIDv7. */
function userIdOf({ tenantId, id }: { tenantId: string; id: string }): string {
  const hex = createHash('sha256').update(`legacy client ${tenantId}/${id}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function notAccepted() {
  return forbidden('legacy_not_accepted', {
    detail: 'This client is not listed, its tenant has no such stage, or the sunset has passed.',
  });
}
