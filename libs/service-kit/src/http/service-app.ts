import express, { type Express, type RequestHandler } from 'express';
import type { Logger } from '../logger.ts';
import { type HealthCheck, live, ready } from '../ops/health.ts';
import { httpHistogram, type Registry } from '../ops/metrics.ts';
import { openApiOf } from './openapi.ts';
import { type ErrorMapper, problemHandler, routeNotFound } from './problem-handler.ts';
import { logRequests } from './request-log.ts';
import { rememberOrigin } from './request-origin.ts';
import type { Route } from './route.ts';
import type { TellRecords } from './records-read.ts';
import { createRouter } from './router.ts';
import { setSecurityHeaders } from './security-headers.ts';

export interface ServiceAppOptions {
  service: string;
  log: Logger;
  metrics: Registry;
  routes: Route[];
  authenticate: RequestHandler;
  /** Admits other services, where a route is for them. */
  authenticateService?: RequestHandler;
  /** Express `trust proxy`: whose X-Forwarded-For is believed. */
  trustedProxies: string;
  checks: Record<string, HealthCheck>;
  isShuttingDown: () => boolean;
  errorMappers?: ErrorMapper[];
  /** Where it is told how many records a caller reads; a header of the answer unless given. */
  tellRecords?: TellRecords;
  /** Handlers between the routes and the 404: the gateway's proxy. */
  fallback?: RequestHandler[];
}

/** The shape every service has over HTTP: request id, one log line, routes, health, metrics, OpenAPI, problems. */
export function createServiceApp(options: ServiceAppOptions): Express {
  const { service, log, metrics, routes } = options;
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustList(options.trustedProxies));
  app.set('case sensitive routing', true);
  app.set('etag', false);
  app.use(rememberOrigin);
  app.get('/health/live', live);
  app.get('/health/ready', ready(options.checks, options.isShuttingDown));
  app.get('/metrics', exposeMetrics(metrics));
  app.use(logRequests(log, httpHistogram(metrics)));
  app.use(setSecurityHeaders);
  app.get('/openapi.json', describe(service, routes));
  app.use(createRouter(options));
  for (const handler of options.fallback ?? []) app.use(handler);
  app.use(routeNotFound);
  app.use(problemHandler(log, options.errorMappers ?? []));
  return app;
}

function trustList(text: string): string[] | false {
  const names = text.split(',').map((name) => name.trim());
  return names.includes('none') ? false : names;
}

function exposeMetrics(metrics: Registry): RequestHandler {
  return async (_req, res) => {
    res.type(metrics.contentType).send(await metrics.metrics());
  };
}

function describe(service: string, routes: Route[]): RequestHandler {
  const document = openApiOf(service, routes);
  return (_req, res) => {
    res.json(document);
  };
}
