import type { Connection, Outbox } from '@pipedesk/mongo';
import type { Logger, Registry, Route } from '@pipedesk/service-kit';
import type { Sealing } from '../seals/sealing.ts';
import { createHoldRepository } from './hold.model.ts';
import { createHoldService } from './hold.service.ts';
import { createRetentionStore, type RetentionStore } from './policy.ts';
import { createRetentionMetrics } from './retention-metrics.ts';
import { createRetentionRepository } from './retention.model.ts';
import { retentionRoutes } from './retention.routes.ts';
import { createRetentionService } from './retention.service.ts';

interface RetainingDeps extends Pick<Sealing, 'seals' | 'keys'> {
  connection: Connection;
  outbox: Outbox;
  metrics: Registry;
  log: Logger;
  clock: () => Date;
}

/** Puts together what retention is made of: its settings, and what removal may believe of them. */
export function createRetaining(deps: RetainingDeps): { routes: Route[]; retention: RetentionStore } {
  const metrics = createRetentionMetrics(deps.metrics);
  const retention = createRetentionStore({
    ...deps,
    onRefused: () => {
      metrics.refused.inc();
    },
  });
  const holds = createHoldService(createHoldRepository(deps));
  const settings = createRetentionRepository(deps);
  const service = createRetentionService({ settings, holds, store: retention });
  return { routes: retentionRoutes(service, holds), retention };
}
