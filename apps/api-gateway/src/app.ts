import {
  createServiceApp,
  type KeySource,
  type Logger,
  openApiOf,
  type RefusalLog,
  type Registry,
} from '@pipedesk/service-kit';
import express, { type RequestHandler } from 'express';
import type { RequestListener } from 'node:http';
import { createMergedOpenApi } from './docs/merged-openapi.ts';
import { docsRouter } from './docs/docs.router.ts';
import { createAccessLog, type DurationHistogram } from './edge/access-log.ts';
import { createCors } from './edge/cors.ts';
import { createEdge } from './edge/edge.ts';
import type { TrustFunction } from './edge/origin.ts';
import { createForwarder, type Forwarder } from './edge/forward.ts';
import { type ServiceName, serviceNames, type ServiceUrls } from './edge/services.ts';
import type { LegacyDoor } from './legacy/legacy-door.ts';
import { countRefused } from './limits/limit.ts';
import { countOwnRecords, limitCallers, limitVisitors } from './limits/own-routes.ts';
import { createRateLimits, type Quotas } from './limits/rate-limits.ts';
import { createReadLimits, type ReadQuotas } from './limits/read-limits.ts';
import type { WindowCounter } from './limits/window-counter.ts';
import { readiness } from './readiness.ts';
import { timelineRoutes } from './timeline/timeline.routes.ts';
import { createTimelineService } from './timeline/timeline.service.ts';
import { createTimelineSources } from './timeline/sources.ts';

export interface AppDeps {
  services: ServiceUrls;
  keys: KeySource;
  jwksUrl: string;
  authenticate: RequestHandler;
  quotas: Quotas;
  readQuotas: ReadQuotas;
  /** What brings to audit who has read more than they may. */
  refusals?: RefusalLog | undefined;
  corsOrigins: string[];
  /** Only where legacy callers are configured. */
  legacy?: LegacyDoor | undefined;
  log: Logger;
  metrics: Registry;
  trustedProxies: string;
  isShuttingDown: () => boolean;
  /** Longest a source of a timeline may take, ms. */
  sourceTimeout?: number;
  /** Longest silence of a service, ms, where it is to differ from the routing table's. */
  serviceTimeout?: number;
}

export interface App {
  app: RequestListener;
  /** What limits are counted by, for sharing it with other gateways. */
  counters: ReadonlyMap<string, WindowCounter>;
  close: () => void;
}

/** Builds the service; never listens. Forwarded requests meet the edge and nothing else, not even Express. */
export function createApp(deps: AppDeps): App {
  const { services, metrics, log, authenticate } = deps;
  const sources = createTimelineSources({ services, metrics, timeout: deps.sourceTimeout ?? 3_000 });
  const routes = timelineRoutes(createTimelineService({ sources, clock: () => new Date() }));
  const readOpenApi = createMergedOpenApi({ services, own: openApiOf('gateway', routes), log });
  const refused = countRefused(metrics);
  const limits = createRateLimits({ quotas: deps.quotas, refused });
  const reads = createReadLimits({ ...deps, quotas: deps.readQuotas, refused });
  const own = createServiceApp({
    ...deps,
    authenticate: limitCallers(authenticate, limits, reads),
    tellRecords: countOwnRecords(reads),
    service: 'api-gateway',
    routes,
    checks: {},
    fallback: [limitVisitors(limits), docsRouter(readOpenApi)],
  });
  const forwarders = Object.fromEntries(
    serviceNames.map((name) => [name, createForwarder(name, services[name], deps.serviceTimeout)]),
  ) as Record<ServiceName, Forwarder>;

  const ownRoutes = express();
  ownRoutes.disable('x-powered-by');
  ownRoutes.get('/health/ready', readiness(deps));
  ownRoutes.use(own);
  const durations = metrics.getSingleMetric('pipedesk_http_request_duration_seconds');
  const accessLog = createAccessLog(log, durations as unknown as DurationHistogram);
  const cors = createCors(deps.corsOrigins);
  const isTrusted = own.get('trust proxy fn') as TrustFunction;
  const edge = createEdge({
    forwarders,
    authenticate,
    cors,
    accessLog,
    limits,
    reads,
    isTrusted,
    legacy: deps.legacy,
  });
  return {
    app: (req, res) => {
      edge(req, res, () => {
        ownRoutes(req, res);
      });
    },
    counters: new Map([...limits.counters, ...reads.counters]),
    close: () => {
      for (const forwarder of Object.values(forwarders)) forwarder.close();
    },
  };
}
