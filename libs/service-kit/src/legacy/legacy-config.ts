import { idSchema, legacyClientIdSchema, type LegacyStage, legacyStageSchema } from '@pipedesk/contracts';
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

/** A caller of before there were tokens, known by where it calls from: it cannot be changed, or it would use an API key. */
export interface LegacyClient {
  id: string;
  tenantId: string;
  /** Whose records it reads, beside its own. */
  teamId: string | null;
  networks: Network[];
}

interface Network {
  address: string;
  prefix: number;
  family: 'ipv4' | 'ipv6';
}

/** Narrower than this a network is one party's; wider, headers would be believed of strangers. */
const widest = { ipv4: 16, ipv6: 48 };

/** Variables of the two services that let legacy callers in: the gateway, which meets them, and auth. */
export const legacyEnv = {
  /** When `x-user-role` callers are refused for good, e.g. `2027-06-30T00:00:00Z`. Required with LEGACY_STAGES and LEGACY_CLIENTS. */
  LEGACY_SUNSET: z.iso
    .datetime({ offset: true, error: 'must be an ISO 8601 time with an offset' })
    .optional(),
  /** Tenants whose listed clients may still call by `x-user-role`: `tenant=stage,...`; stages `observe` `warn` `brownout` `deny`. */
  LEGACY_STAGES: z.string().default('').transform(parseAll(parseStage)),
  /** Clients whose `x-user-role` counts: `id=tenant@network+network,...`, or `id=tenant/team@...` for what a team may see. */
  LEGACY_CLIENTS: z
    .string()
    .default('')
    .transform(parseAll(parseClient))
    .refine(
      (clients) => new Set(clients.map(({ id }) => id)).size === clients.length,
      'an id is listed twice',
    )
    .refine(areApart, 'a network belongs to two clients'),
  /** Where `Link rel="deprecation"` leads to. */
  LEGACY_GUIDE_URL: z
    .string()
    .default('/docs')
    .pipe(z.string().regex(/^[\x21-\x3b=\x3f-\x7e]+$/)),
};

export interface LegacyConfig {
  LEGACY_SUNSET?: string | undefined;
  LEGACY_STAGES: [tenantId: string, stage: LegacyStage][];
  LEGACY_CLIENTS: LegacyClient[];
  LEGACY_GUIDE_URL: string;
}

/** An end is not optional: a condition of starting, for `.refine(hasLegacyEnd, noLegacyEnd)`. */
export function hasLegacyEnd(config: Partial<LegacyConfig>): boolean {
  return (
    config.LEGACY_SUNSET !== undefined || (isEmpty(config.LEGACY_STAGES) && isEmpty(config.LEGACY_CLIENTS))
  );
}

export const noLegacyEnd = {
  path: ['LEGACY_SUNSET'],
  error:
    'must be given with LEGACY_STAGES or LEGACY_CLIENTS: without an end, headers would be believed for ever',
  // Also when other variables are wrong: one start shows everything.
  when: () => true,
};

function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

function parseAll<Item>(parse: (text: string) => Item | undefined) {
  return (text: string, context: z.RefinementCtx): Item[] =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .flatMap((part) => {
        const item = parse(part);
        if (item === undefined) context.addIssue(`cannot be read: ${part}`);
        return item === undefined ? [] : [item];
      });
}

function parseStage(text: string): [string, LegacyStage] | undefined {
  const [tenant, stage] = text.split('=');
  const parsed = z.tuple([idSchema, legacyStageSchema]).safeParse([tenant, stage]);
  return parsed.data;
}

function parseClient(text: string): LegacyClient | undefined {
  const [, id, tenantId, teamId, list = ''] = /^([^=]+)=([^/@]+)(?:\/([^@]+))?@(.+)$/.exec(text) ?? [];
  const networks = list.split('+').map(parseNetwork);
  const parsed = z
    .object({ id: legacyClientIdSchema, tenantId: idSchema, teamId: idSchema.nullable() })
    .safeParse({ id, tenantId, teamId: teamId ?? null });
  if (!parsed.success || networks.some((network) => network === undefined)) return undefined;
  return { ...parsed.data, networks: networks.flatMap((network) => network ?? []) };
}

/** `10.1.2.0/24`, `10.1.2.3`, `2001:db8::/56`; undefined for anything else, and for what is too wide. */
function parseNetwork(text: string): Network | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const longest = version === 4 ? 32 : 128;
  const prefix = length === undefined ? longest : Number(length);
  if (!Number.isInteger(prefix) || prefix > longest || prefix < widest[family]) return undefined;
  return { address, prefix, family };
}

/** Two networks that overlap lie one in the other, which then holds every address of it. */
function areApart(clients: LegacyClient[]): boolean {
  return clients.every((client) => {
    const others = clients.filter((other) => other !== client);
    const own = membershipOf(client);
    return !others.some(({ networks }) => networks.some(({ address, family }) => own.check(address, family)));
  });
}

/** Who calls from one of the client's networks. */
export function membershipOf({ networks }: LegacyClient): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family);
  return list;
}
