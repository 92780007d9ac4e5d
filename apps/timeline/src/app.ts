import type { Consumer } from '@pipedesk/messaging';
import { type Connection, databaseProblem, pingMongo } from '@pipedesk/mongo';
import { createServiceApp, type Logger, type Registry } from '@pipedesk/service-kit';
import type { Express, RequestHandler } from 'express';
import { createEntityRepository } from './entities/entity.model.ts';
import { createProjectionConsumer } from './projection/projection.consumer.ts';
import { createProjectionService } from './projection/projection.service.ts';
import { createTimelineItemRepository } from './timeline/timeline-item.model.ts';
import { timelineRoutes } from './timeline/timeline.routes.ts';
import { createTimelineService } from './timeline/timeline.service.ts';

export interface AppDeps {
  connection: Connection;
  amqpUrl: string;
  authenticate: RequestHandler;
  log: Logger;
  metrics: Registry;
  trustedProxies: string;
  isShuttingDown: () => boolean;
}

/** Builds the service and starts consuming; never listens. */
export function createApp(deps: AppDeps): { app: Express; consumer: Consumer } {
  const { connection, amqpUrl, log, metrics } = deps;
  const store = {
    items: createTimelineItemRepository(connection),
    entities: createEntityRepository(connection),
  };

  const projection = createProjectionService(store);
  const consumer = createProjectionConsumer({ amqpUrl, projection, log, metrics });
  const app = createServiceApp({
    ...deps,
    service: 'timeline',
    routes: timelineRoutes(createTimelineService(store)),
    checks: { database: pingMongo(connection), broker: connected(consumer) },
    errorMappers: [databaseProblem],
  });
  return { app, consumer };
}

function connected(consumer: Consumer): () => Promise<void> {
  return () =>
    consumer.isConnected() ? Promise.resolve() : Promise.reject(new Error('the broker is not connected'));
}
