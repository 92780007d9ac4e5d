import { type LegacyStage, type Role, roleSchema } from '@pipedesk/contracts';
import { isIP } from 'node:net';
import { type LegacyClient, type LegacyConfig, membershipOf } from './legacy-config.ts';

/** What a legacy caller says of itself, as its headers have it. */
export interface LegacyClaim {
  ip: string;
  role: string | undefined;
  tenantId: string | undefined;
}

export type LegacyOutcome = 'accepted' | 'brownout' | 'denied';

export interface LegacyDecision {
  client: LegacyClient;
  stage: LegacyStage;
  outcome: LegacyOutcome;
  /** What the caller may be at most. */
  role: Role;
}

export interface LegacyPolicy {
  /** Undefined where headers do not count: no stage, not listed, after the sunset, another tenant's, no role of ours. */
  decide(claim: LegacyClaim, now: Date): LegacyDecision | undefined;
  /** The same for a client that was recognised elsewhere. */
  decideFor(clientId: string, role: Role, now: Date): LegacyDecision | undefined;
  clientsOf(tenantId: string): LegacyClient[];
  stageOf(tenantId: string, now: Date): LegacyStage;
  sunset: Date | undefined;
}

/** The first minutes of each hour (UTC) are refused: long enough to be noticed, short enough to be survived. */
export const brownoutMinutes = 10;

/**
 * Who is still believed by headers. Everything defaults to nobody: a call counts when its tenant has a stage, its address
 * is a listed client's of that tenant, and the sunset is ahead.
 */
export function createLegacyPolicy(config: LegacyConfig): LegacyPolicy {
  const sunset = config.LEGACY_SUNSET === undefined ? undefined : new Date(config.LEGACY_SUNSET);
  const stages = new Map(config.LEGACY_STAGES);
  const clients = config.LEGACY_CLIENTS.map((client) => ({ client, members: membershipOf(client) }));

  function stageOf(tenantId: string, now: Date): LegacyStage {
    return sunset && now < sunset ? (stages.get(tenantId) ?? 'off') : 'off';
  }

  function clientAt(ip: string): LegacyClient | undefined {
    const family = isIP(ip) === 6 ? 'ipv6' : 'ipv4';
    return clients.find(({ members }) => members.check(ip, family))?.client;
  }

  function decideAbout(client: LegacyClient, role: Role, now: Date): LegacyDecision | undefined {
    const stage = stageOf(client.tenantId, now);
    if (stage === 'off') return undefined;
    return { client, stage, outcome: outcomeAt(stage, now), role: role === 'viewer' ? 'viewer' : 'sales' };
  }

  return {
    sunset,
    stageOf,
    clientsOf: (tenantId) => config.LEGACY_CLIENTS.filter((client) => client.tenantId === tenantId),
    decide: ({ ip, role, tenantId }, now) => {
      const client = isIP(ip) ? clientAt(ip) : undefined;
      const parsed = roleSchema.safeParse(role);
      if (!client || !parsed.success) return undefined;
      return tenantId === undefined || tenantId === client.tenantId
        ? decideAbout(client, parsed.data, now)
        : undefined;
    },
    decideFor: (clientId, role, now) => {
      const client = config.LEGACY_CLIENTS.find(({ id }) => id === clientId);
      return client && decideAbout(client, role, now);
    },
  };
}

function outcomeAt(stage: LegacyStage, now: Date): LegacyOutcome {
  if (stage === 'deny') return 'denied';
  return stage === 'brownout' && now.getUTCMinutes() < brownoutMinutes ? 'brownout' : 'accepted';
}
