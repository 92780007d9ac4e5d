import { answerClaims, type Consumer } from '@pipedesk/messaging';
import { type Connection, databaseProblem, pingMongo } from '@pipedesk/mongo';
import { createServiceApp, type Logger, type Registry } from '@pipedesk/service-kit';
import type { Express, RequestHandler } from 'express';
import { activityRoutes } from './activity/activity.routes.ts';
import { createActivityService } from './activity/activity.service.ts';
import { createAuditLogModels, createAuditLogRepository } from './audit-logs/audit-log.model.ts';
import { createAccessLog } from './access/access-log.ts';
import { auditLogRoutes } from './audit-logs/audit-log.routes.ts';
import { createAuditLogService } from './audit-logs/audit-log.service.ts';
import { createGapFinder } from './claims/gaps.ts';
import { exportRoutes } from './exports/export.routes.ts';
import { createExportService } from './exports/export.service.ts';
import { createIngestConsumer } from './ingest/ingest.consumer.ts';
import { createIngestService } from './ingest/ingest.service.ts';
import { createLogStore } from './ingest/log-store.ts';
import { versionRoutes } from './versions/version.routes.ts';
import { createVersionService } from './versions/version.service.ts';

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
  const models = createAuditLogModels(connection);
  const logs = createAuditLogRepository(models);

  const clock = () => new Date();
  const ingest = createIngestService({ store: createLogStore(models), clock });
  const access = createAccessLog({ store: ingest.store, clock });
  const auditLogs = createAuditLogService({ logs, access });
  const consumer = createIngestConsumer({ amqpUrl, ingest, log, metrics });
  const claims = answerClaims({ url: amqpUrl, log, findGaps: createGapFinder(models.all) });
  const app = createServiceApp({
    ...deps,
    service: 'audit',
    routes: [
      // Before `/audit-logs/:id`, which would take their names for ids.
      ...exportRoutes(createExportService({ logs, access, clock })),
      ...auditLogRoutes(auditLogs),
      ...versionRoutes(createVersionService({ logs, auditLogs })),
      ...activityRoutes(createActivityService({ logs })),
    ],
    checks: { database: pingMongo(connection), broker: connected(consumer) },
    errorMappers: [databaseProblem],
  });
  const close = async () => void (await Promise.all([consumer.close(), claims.close()]));
  return { app, consumer: { ...consumer, close } };
}

function connected(consumer: Consumer): () => Promise<void> {
  return () =>
    consumer.isConnected() ? Promise.resolve() : Promise.reject(new Error('the broker is not connected'));
}
