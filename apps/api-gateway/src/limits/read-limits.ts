import { type Role, roles } from '@pipedesk/contracts';
import type { Caller, RefusalLog, RefusedRequest, Registry } from '@pipedesk/service-kit';
import { Counter } from 'prom-client';
import { buildLimit, type Limit, type RefusedRequests, requireRoom } from './limit.ts';
import { createWindowCounter, type WindowCounter } from './window-counter.ts';

/** Records an hour that one user may read, by role, and all users of a tenant together; 0 for no limit. */
export type ReadQuotas = Record<Role | 'tenant', number>;

export interface ReadLimits {
  /** Lets in who may read on. @param from is asked only of the refused. @throws ProblemError 429, which is told to audit */
  admit(caller: Caller, from: () => RefusedRequest): void;
  /** Counts what an answer carried. */
  count(caller: Caller, records: number): void;
  /** By name, for sharing them between processes. */
  counters: ReadonlyMap<string, WindowCounter>;
}

interface ReadLimitsOptions {
  quotas: ReadQuotas;
  refused: RefusedRequests;
  metrics: Registry;
  /** What brings a refusal to audit. */
  refusals?: RefusalLog | undefined;
  clock?: () => number;
}

const hour = 3_600_000;

/**
 * How much one may carry away: whoever copies the customers before they leave pages through lists they may read, at a pace
 * that no limit of requests minds. An answer is counted when its service has told how many records are in it, so what is
 * under way when the limit is reached still arrives.
 */
export function createReadLimits(options: ReadLimitsOptions): ReadLimits {
  const { quotas, refused, metrics, refusals, clock } = options;
  const build = () => createWindowCounter({ window: hour, ...(clock && { clock }) });
  // One for every role: who is demoted has read what they have read.
  const byUser = build();
  const byTenant = build();
  const ofRole = Object.fromEntries(
    roles.map((role) => {
      const allowance = `records an hour: what one ${role} may read`;
      return [role, buildLimit({ name: 'records', quota: quotas[role], allowance, counter: byUser })];
    }),
  ) as Record<Role, Limit>;
  const ofTenant = buildLimit({
    name: 'records_tenant',
    quota: quotas.tenant,
    allowance: 'records an hour: what all users of the tenant may read together',
    counter: byTenant,
  });
  // From the start, or the first refusal would be no increase.
  for (const { name } of [ofRole.admin, ofTenant]) refused.labels(name).inc(0);
  const read = countRecords(metrics);

  return {
    admit: (caller, from) => {
      const limit = ofRole[caller.role];
      try {
        if (limit.quota > 0) requireRoom(limit, caller.userId, refused);
        if (ofTenant.quota > 0) requireRoom(ofTenant, caller.tenantId, refused);
      } catch (error) {
        refusals?.note(from(), { reason: 'read_limit', subject: caller });
        throw error;
      }
    },
    count: ({ role, userId, tenantId }, records) => {
      if (!Number.isSafeInteger(records) || records <= 0) return;
      read[role].inc(records);
      byUser.add(userId, records);
      byTenant.add(tenantId, records);
    },
    counters: new Map([
      ['records', byUser],
      ['records_tenant', byTenant],
    ]),
  };
}

function countRecords(metrics: Registry) {
  const counter = new Counter({
    name: 'pipedesk_records_read_total',
    help: 'Records that answers through the gateway carried, by the role of who asked',
    labelNames: ['role'] as const,
    registers: [metrics],
  });
  return Object.fromEntries(roles.map((role) => [role, counter.labels(role)])) as Record<
    Role,
    { inc(by: number): void }
  >;
}
