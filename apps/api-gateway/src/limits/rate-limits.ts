import { type Caller, networkOf, ProblemError } from '@pipedesk/service-kit';
import { buildLimit, type Limit, type RefusedRequests, requireRoom } from './limit.ts';
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
  counters: ReadonlyMap<string, WindowCounter>;
}

interface RateLimitsOptions {
  quotas: Quotas;
  refused: RefusedRequests;
  clock?: () => number;
}

const minute = 60_000;

/**
 * Limits per address, user, tenant and class of route. Nobody can use up somebody else's: the user and the tenant are
 * those of a verified token, an address counts only while there is none, and a tenant has room for several users who
 * take all they may.
 */
export function createRateLimits({ quotas, refused, clock }: RateLimitsOptions): RateLimits {
  const build = (name: LimitName) => {
    const allowance = `requests a minute: ${subjects[name]}`;
    const counter = createWindowCounter({ window: minute, ...(clock && { clock }) });
    return buildLimit({ name, quota: quotas[name], allowance, counter });
  };
  const limits: Record<LimitName, Limit> = {
    ip: build('ip'),
    auth: build('auth'),
    read: build('read'),
    write: build('write'),
    bulk: build('bulk'),
    tenant: build('tenant'),
  };

  /** Counts only when all of them have room: what is refused uses up nothing. */
  function admit(first: Limit, firstKey: string, second?: Limit, secondKey = ''): LimitFields {
    const others = second && second.quota > 0 ? second : undefined;
    if (first.quota > 0) requireRoom(first, firstKey, refused);
    if (others) requireRoom(others, secondKey, refused);
    if (first.quota > 0) first.counter.add(firstKey);
    others?.counter.add(secondKey);
    return fieldsOf(first, firstKey, others, secondKey);
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

const subjects: Record<LimitName, string> = {
  ip: 'without a valid token, from one network address',
  auth: 'logins, sign-ups and refreshes, from one network address',
  read: 'reads of one user',
  write: 'changes of one user',
  bulk: 'imports and exports of one user',
  tenant: 'all users of the tenant together',
};
