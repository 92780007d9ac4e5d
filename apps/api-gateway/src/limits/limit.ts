import { ProblemError, type Registry } from '@pipedesk/service-kit';
import { Counter } from 'prom-client';
import type { WindowCounter } from './window-counter.ts';

/** So much for everybody with the same key within a sliding window. */
export interface Limit {
  name: string;
  /** 0 for no limit. */
  quota: number;
  counter: WindowCounter;
  /** As an item of RateLimit-Policy. */
  policy: string;
  /** What the quota counts, for people: `requests a minute: reads of one user`. */
  allowance: string;
}

export function buildLimit({ name, quota, allowance, counter }: Omit<Limit, 'policy'>): Limit {
  return { name, quota, counter, allowance, policy: `"${name}";q=${quota};w=${counter.window / 1000}` };
}

export type RefusedRequests = Counter<'limit'>;

export function countRefused(metrics: Registry): RefusedRequests {
  return new Counter({
    name: 'pipedesk_rate_limited_total',
    help: 'Requests refused with 429 by the gateway, by the limit that was used up',
    labelNames: ['limit'] as const,
    registers: [metrics],
  });
}

/** @throws ProblemError 429 when nothing is left for the key */
export function requireRoom(limit: Limit, key: string, refused: RefusedRequests): void {
  if (limit.counter.used(key) + 1 <= limit.quota) return;
  refused.labels(limit.name).inc();
  throw tooMany(limit, key);
}

function tooMany({ name, quota, counter, policy, allowance }: Limit, key: string): ProblemError {
  const seconds = Math.max(1, Math.ceil(counter.waitFor(key, quota) / 1000));
  return new ProblemError(429, 'rate_limited', {
    detail: `More than ${quota} ${allowance}. Try again in ${seconds} s.`,
    extra: { limit: name },
    headers: {
      'Retry-After': String(seconds),
      'RateLimit-Policy': policy,
      RateLimit: `"${name}";r=0;t=${seconds}`,
    },
  });
}
