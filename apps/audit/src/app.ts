import { answerClaims, type Consumer, createErasedSender } from '@pipedesk/messaging';
import { type Connection, databaseProblem, pingMongo } from '@pipedesk/mongo';
import { createServiceApp, type KeySecret, type Logger, type Registry } from '@pipedesk/service-kit';
import type { Express, RequestHandler } from 'express';
import { createAccessLog } from './access/access-log.ts';
import { activityRoutes } from './activity/activity.routes.ts';
import { createActivityService } from './activity/activity.service.ts';
import { createAuditLogModels, createAuditLogRepository } from './audit-logs/audit-log.model.ts';
import { auditLogRoutes } from './audit-logs/audit-log.routes.ts';
import { createAuditLogService } from './audit-logs/audit-log.service.ts';
import { createGapFinder } from './claims/gaps.ts';
import { createErasing } from './erasures/erasing.ts';
import { exportRoutes } from './exports/export.routes.ts';
import { createExportService } from './exports/export.service.ts';
import { createIngestConsumer } from './ingest/ingest.consumer.ts';
import { createIngestService } from './ingest/ingest.service.ts';
import { createLogStore } from './ingest/log-store.ts';
import { createRecordOwn } from './ingest/record-own.ts';
import { startRemoving } from './removals/removing.ts';
import { createRetaining } from './retention/retaining.ts';
import { type Background, startBackground } from './seals/background.ts';
import { reportRoutes } from './reports/report.routes.ts';
import { createReportService } from './reports/report.service.ts';
import { createReportReader } from './reports/report-reader.ts';
import { createLease } from './seals/lease.ts';
import { createSealing } from './seals/sealing.ts';
import { createOwnOutbox } from './settings/own-outbox.ts';
import { type Streaming, type StreamingSettings, startStreaming } from './streams/streaming.ts';
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
  /** Encrypts the keys of seals and marks records as stored by the service. */
  keySecret: KeySecret;
  sealing: SealingSettings;
  /** Removal of old records: time between rounds, ms. */
  removing: { every: number };
  streaming: StreamingSettings;
}

export interface App {
  app: Express;
  consumer: Consumer;
  sealing: Background;
  removing: Background;
  streaming: Streaming;
}

export interface SealingSettings {
  /** Time between rounds, ms. */
  every: number;
  /** So many new records start a round at once. */
  soonAfter: number;
  /** Age at which the next key signs, ms. */
  rotateAfter: number;
  /** Ids of keys of an earlier secret that still count. */
  trustedKeys: readonly string[];
}

/** Builds the service and starts consuming and sealing; never listens. */
export function createApp(deps: AppDeps): App {
  const { connection, amqpUrl, log, metrics } = deps;
  const clock = () => new Date();
  const models = createAuditLogModels(connection);
  const logs = createAuditLogRepository(models);

  const seals = createSealing({ ...deps, models, clock });
  const ingest = createIngestService({
    store: createLogStore(models),
    ...seals.atIngest,
    clock,
    onStored: (count) => {
      sealing.nudge(count);
    },
  });
  const access = createAccessLog({ ingest, clock });
  const { removed } = seals;
  const auditLogs = createAuditLogService({ logs, access, removed });
  const erased = createErasedSender({ url: amqpUrl, name: 'audit erasures', log });
  const erasing = createErasing({
    ...deps,
    ...seals,
    ingest,
    erased,
    clock,
    wake: () => void sealing.wake(),
  });
  const own = createOwnOutbox({ store: ingest.store, log });
  const streaming = startStreaming({ ...deps, seals: seals.seals, outbox: own.outbox, clock });
  const retaining = createRetaining({ ...deps, ...seals, outbox: own.outbox, clock });
  const lease = createLease(connection, 'sealer', leaseDuration, clock);
  const sealing = startBackground({
    lease,
    log,
    ...deps.sealing,
    run: () => own.sweep().then(seals.run).then(erasing.run),
  });
  const removing = startRemoving({
    ...deps,
    ...seals,
    ...deps.removing,
    retentions: retaining.retention,
    record: createRecordOwn(ingest),
    clock,
  });
  const consumer = createIngestConsumer({ amqpUrl, ingest, log, metrics });
  const claims = answerClaims({ url: amqpUrl, log, findGaps: createGapFinder(models.all, removed) });
  const app = createServiceApp({
    ...deps,
    service: 'audit',
    routes: [
      // Before `/audit-logs/:id`, which would take their names for ids.
      ...seals.routesWith(access),
      ...erasing.routes,
      ...streaming.routes,
      ...retaining.routes,
      ...exportRoutes(createExportService({ logs, access, removed, clock })),
      ...reportRoutes(createReportService({ reader: createReportReader(models), access, clock })),
      ...auditLogRoutes(auditLogs),
      ...versionRoutes(createVersionService({ logs, auditLogs, removed })),
      ...activityRoutes(createActivityService({ logs, removed })),
    ],
    checks: { database: pingMongo(connection), broker: connected(consumer) },
    errorMappers: [databaseProblem],
  });
  const close = async () => void (await Promise.all([consumer.close(), claims.close()]));
  const closeSealing = async () => {
    await sealing.close();
    await seals.close();
    await erased.close();
  };
  return {
    app,
    consumer: { ...consumer, close },
    sealing: { ...sealing, close: closeSealing },
    removing,
    streaming,
  };
}

/** Longer than a round takes unless its process is gone. */
const leaseDuration = 60_000;

function connected(consumer: Consumer): () => Promise<void> {
  return () =>
    consumer.isConnected() ? Promise.resolve() : Promise.reject(new Error('the broker is not connected'));
}
