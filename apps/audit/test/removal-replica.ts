import { createLogger, createMetrics } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import { createAuditLogModels } from '../src/audit-logs/audit-log.model.ts';
import { createIngestService, type IngestService } from '../src/ingest/ingest.service.ts';
import { createLogStore, type LogStore } from '../src/ingest/log-store.ts';
import { createRecordOwn } from '../src/ingest/record-own.ts';
import type { Bounds } from '../src/removals/planner.ts';
import { createRemoving } from '../src/removals/removing.ts';
import { createRetentionStore, type RetentionStore, type TenantRetention } from '../src/retention/policy.ts';
import { sealingOf } from './sealed-trail.ts';
import type { TestAudit } from './start-audit.ts';

const day = 86_400_000;
const soon = 61_000;

/** Which records go when: `days` by entity type, `held` by entity id. */
export interface Rules {
  days: Record<string, number>;
  held: string[];
}

/** A replica's retention, whose clock the test turns. */
export interface TestRemoving {
  /** An ingest beside the service's own, over a store that a test may wrap. */
  ingestOver(wrap: (store: LogStore) => LogStore, elapsed: () => number): IngestService;
  /** One round. */
  round(): Promise<void>;
  /** Moves the clock on, by more than a minute unless told. */
  later(ms?: number): void;
  /** Rounds until nothing is left to do. */
  finish(): Promise<void>;
}

/** 40 days from now. By rules, or by what the tenant's settings and holds say. */
export function startReplica(
  audit: Pick<TestAudit, 'connection' | 'keySecret'>,
  tenantId: string,
  rules: Rules | 'settings',
  bounds?: Bounds,
): TestRemoving {
  let now = Date.now() + 40 * day;
  const clock = () => new Date(now);
  const sealing = sealingOf(audit);
  const models = createAuditLogModels(audit.connection.useDb(audit.connection.name, { useCache: false }));
  const store = createLogStore(models);
  const ingest = createIngestService({ store, ...sealing.atIngest, clock });
  const round = createRemoving({
    ...sealing,
    connection: audit.connection,
    keySecret: audit.keySecret,
    retentions:
      rules === 'settings'
        ? createRetentionStore({
            ...{ ...sealing, connection: audit.connection, clock },
            ...{ onRefused: () => undefined, log: createLogger('audit', 'silent') },
          })
        : retentionBy(tenantId, rules),
    record: createRecordOwn(ingest),
    metrics: createMetrics('audit'),
    log: createLogger('audit', 'silent'),
    clock,
    ...(bounds && { bounds }),
  });
  const later = (ms = soon) => {
    now += ms;
  };
  return {
    ingestOver: (wrap, elapsed) =>
      createIngestService({ store: wrap(store), ...sealing.atIngest, clock, elapsed }),
    round,
    later,
    async finish() {
      for (let rounds = 0; rounds < 5; rounds++) {
        await round();
        later();
      }
      await sealing.sealer.sealTenant(tenantId);
    },
  };
}

/** Retention that is in force, without its settings: what they say and whether they are believed has tests of its own. */
function retentionBy(tenantId: string, rules: Rules): RetentionStore {
  const retention: TenantRetention = {
    tenantId,
    settingsId: uuidv7(),
    settingsVersion: 1,
    state: 'in_force',
    days: (entityType) => rules.days[entityType] ?? null,
    isHeld: (_entityType, entityId) => rules.held.includes(entityId),
    hasAny: true,
  };
  return {
    of: () => Promise.resolve(retention),
    async *policies() {
      yield await Promise.resolve(retention);
    },
  };
}
