import { type Caller, networkOf, ProblemError, type Registry } from '@pipedesk/service-kit';
import { Counter } from 'prom-client';
import { createWindowCounter, type WindowCounter } from './window-counter.ts';

/** Requests a minute; 0 for no limit. */
export interface Quotas {
  /** One network address (IPv6: /56): requests without a valid token. */
  ip: number;
  /** One network address: logins, sign-ups, refreshes and the other acts that come before a token. */
  auth: number;
  /** One user: GET and HEAD. */
  read: number;
  /** One user: everything else. */
  write: number;
  /** One user: imports and exports. */
  bulk: number;
  /** All users of one tenant together. */
  tenant: number;
}

export type LimitName = keyof Quotas;
export type RouteClass = 'read' | 'write' | 'bulk';

/** Header fields of the answer, flat: name, value, name, value. */
export type LimitFields = string[];

export interface RateLimits {
  /** Counts a request that needs no token. @throws ProblemError 429 */
  admitAnonymous(ip: string, isAuth: boolean): LimitFields;
  /** Counts a request of somebody whose token is verified. @throws ProblemError 429 */
  admitCaller(caller: Caller, routeClass: RouteClass): LimitFields;
  /** Counts a missing or refused token (401). @returns the refusal, or 429 where too many came from there */
  refuse(ip: string, refusal: ProblemError): ProblemError;
  /** By name, for sharing them between processes. */
  counters: ReadonlyMap<LimitName, WindowCounter>;
}

interface RateLimitsOptions {
  quotas: Quotas;
  metrics: Registry;
  clock?: () => number;
}

interface Limit {
  name: LimitName;
  quota: number;
  counter: WindowCounter;
  /** The limit as an item of RateLimit-Policy. */
  policy: string;
}

/** Of every limit, ms. */
export const limitWindow = 60_000;

/**
 * Limits per address, user, tenant and class of route. Nobody can use up somebody else's: the user and the tenant are
 * those of a verified token, an address counts only while there is none, and a tenant has room for several users who
 * take all they may.
 */
export function createRateLimits({ quotas, metrics, clock }: RateLimitsOptions): RateLimits {
  const build = (name: LimitName) => buildLimit(name, quotas[name], clock);
  const limits: Record<LimitName, Limit> = {
    ip: build('ip'),
    auth: build('auth'),
    read: build('read'),
    write: build('write'),
    bulk: build('bulk'),
    tenant: build('tenant'),
  };
  const refused = refusalCounter(metrics);

  /** Counts only when all of them have room: what is refused uses up nothing. */
  function admit(first: Limit, firstKey: string, second?: Limit, secondKey = ''): LimitFields {
    const others = second && second.quota > 0 ? second : undefined;
    if (first.quota > 0) requireRoom(first, firstKey);
    if (others) requireRoom(others, secondKey);
    if (first.quota > 0) first.counter.add(firstKey);
    others?.counter.add(secondKey);
    return fieldsOf(first, firstKey, others, secondKey);
  }

  function requireRoom(limit: Limit, key: string): void {
    if (limit.counter.used(key) + 1 <= limit.quota) return;
    refused.labels(limit.name).inc();
    throw tooManyRequests(limit, key);
  }

  const { ip, auth, tenant } = limits;
  return {
    admitAnonymous: (address, isAuth) => {
      const network = networkOf(address);
      return isAuth ? admit(auth, network, ip, network) : admit(ip, network);
    },
    admitCaller: ({ userId, tenantId }, routeClass) => admit(limits[routeClass], userId, tenant, tenantId),
    refuse: (address, refusal) => {
      if (refusal.status !== 401) return refusal;
      try {
        admit(ip, networkOf(address));
        return refusal;
      } catch (error) {
        if (error instanceof ProblemError) return error;
        throw error;
      }
    },
    counters: new Map(Object.values(limits).map(({ name, counter }) => [name, counter])),
  };
}

function buildLimit(name: LimitName, quota: number, clock?: () => number): Limit {
  const counter = createWindowCounter({ window: limitWindow, ...(clock && { clock }) });
  return { name, quota, counter, policy: `"${name}";q=${quota};w=${limitWindow / 1000}` };
}

function refusalCounter(metrics: Registry): Counter<'limit'> {
  return new Counter({
    name: 'pipedesk_rate_limited_total',
    help: 'Requests refused with 429 by the gateway, by the limit that was used up',
    labelNames: ['limit'] as const,
    registers: [metrics],
  });
}

/**
 * `RateLimit-Policy` names all limits of a request, `RateLimit` how much is left of the tightest.
 * Source: draft-ietf-httpapi-ratelimit-headers-10.
 */
function fieldsOf(first: Limit, firstKey: string, second: Limit | undefined, secondKey: string): LimitFields {
  if (first.quota === 0) return second ? fieldsOf(second, secondKey, undefined, '') : [];
  const left = leftOf(first, firstKey);
  const isSecondTighter = second !== undefined && leftOf(second, secondKey) < left;
  const [limit, remaining] = isSecondTighter ? [second, leftOf(second, secondKey)] : [first, left];
  const policy = second ? `${first.policy}, ${second.policy}` : first.policy;
  const seconds = Math.ceil(limit.counter.rest() / 1000);
  return ['RateLimit-Policy', policy, 'RateLimit', `"${limit.name}";r=${remaining};t=${seconds}`];
}

function leftOf({ quota, counter }: Limit, key: string): number {
  return Math.max(0, Math.floor(quota - counter.used(key)));
}

function tooManyRequests(limit: Limit, key: string): ProblemError {
  const { name, quota, counter, policy } = limit;
  const seconds = Math.max(1, Math.ceil(counter.waitFor(key, quota) / 1000));
  return new ProblemError(429, 'rate_limited', {
    detail: `More than ${quota} requests a minute: ${subjects[name]}. Try again in ${seconds} s.`,
    extra: { limit: name },
    headers: {
      'Retry-After': String(seconds),
      'RateLimit-Policy': policy,
      RateLimit: `"${name}";r=0;t=${seconds}`,
    },
  });
}

const subjects: Record<LimitName, string> = {
  ip: 'without a valid token, from one network address',
  auth: 'logins, sign-ups and refreshes, from one network address',
  read: 'reads of one user',
  write: 'changes of one user',
  bulk: 'imports and exports of one user',
  tenant: 'all users of the tenant together',
};
