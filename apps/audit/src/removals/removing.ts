import type { Connection } from '@pipedesk/mongo';
import type { KeySecret, Logger, Registry } from '@pipedesk/service-kit';
import type { RecordOwn } from '../ingest/record-own.ts';
import type { RetentionStore } from '../retention/policy.ts';
import { type Background, startBackground } from '../seals/background.ts';
import { createLease } from '../seals/lease.ts';
import type { Sealing } from '../seals/sealing.ts';
import { createDeleter } from './deleter.ts';
import { type Bounds, createPlanner } from './planner.ts';
import { createRemovalMetrics } from './removal-metrics.ts';
import { createRemovalStore } from './removal.store.ts';
import { createRemover } from './remover.ts';
import { createSegmentStubs } from './segment-stubs.ts';
import { createStubStore } from './stub.store.ts';

interface RemovingDeps extends Pick<Sealing, 'seals' | 'sealer' | 'keys'> {
  connection: Connection;
  keySecret: KeySecret;
  retentions: RetentionStore;
  record: RecordOwn;
  metrics: Registry;
  clock: () => Date;
  log: Logger;
  bounds?: Bounds;
}

/** Longer than a round takes unless its process is gone. */
const leaseDuration = 5 * 60_000;

/** Puts together what removing is made of. @returns one round of it, bounded for each tenant */
export function createRemoving(deps: RemovingDeps): () => Promise<void> {
  const { connection, keySecret, retentions, clock, log } = deps;
  const removals = createRemovalStore(connection, keySecret);
  const store = createStubStore(connection);
  const stubs = createSegmentStubs(store);
  const metrics = createRemovalMetrics(deps.metrics, removals.underway);
  const deleter = createDeleter({ stubs, records: store, retentions, onRemoved: metrics.removed, clock });
  const remover = createRemover({ ...deps, removals, stubs, deleter });
  const planner = createPlanner({ ...deps, removals, stubs: store });

  /** One tenant's trouble must not keep the others' records. */
  async function attempt(tenantId: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.error({ err: error, tenantId }, 'retention was interrupted; the next round goes on');
    }
  }

  return async () => {
    for (const removal of await removals.running())
      await attempt(removal.tenantId, () => remover.carryOut(removal));
    for await (const retention of retentions.policies())
      await attempt(retention.tenantId, async () => {
        const plan = await planner.plan(retention);
        const removal = plan && (await removals.get(plan._id));
        if (removal) await remover.carryOut(removal);
      });
    metrics.ran(clock());
  };
}

/** Apart from sealing, which must not wait for it. */
export function startRemoving(deps: RemovingDeps & { every: number }): Background {
  const { connection, log, every, clock } = deps;
  const lease = createLease(connection, 'removal', leaseDuration, clock);
  return startBackground({ lease, run: createRemoving(deps), log, every, soonAfter: Infinity });
}
