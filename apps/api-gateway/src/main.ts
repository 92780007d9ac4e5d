import {
  createAuthenticator,
  createLifecycle,
  createLogger,
  createMetrics,
  createRevocations,
  listen,
  orExit,
  remoteKeys,
  remoteRefusals,
  remoteRevocations,
  runProcess,
} from '@pipedesk/service-kit';
import { createApp } from './app.ts';
import { quotasOf, readConfig, readQuotasOf } from './config.ts';
import { edgeListening, hardenServer } from './edge/harden-server.ts';
import { openLegacyDoor } from './legacy/open-legacy-door.ts';
import { shareCounters } from './limits/shared-counters.ts';

const service = 'api-gateway';
const config = orExit(readConfig);
const log = createLogger(service, config.LOG_LEVEL);
const lifecycle = createLifecycle(log);

runProcess(log, lifecycle, async () => {
  const keys = remoteKeys({ url: config.AUTH_JWKS_URL });
  // The edge has no access to the broker: it asks auth all the time instead.
  const revocations = createRevocations({
    source: remoteRevocations({ jwksUrl: config.AUTH_JWKS_URL, secret: config.SERVICE_SECRET, service }),
    log,
  });
  const metrics = createMetrics(service);
  const refusals = remoteRefusals({ config, service, log, metrics });
  const legacy = openLegacyDoor({ config, service, refusals, log, metrics });
  const { app, counters, close } = createApp({
    services: {
      auth: config.AUTH_URL,
      crm: config.CRM_URL,
      'calendar-sync': config.CALENDAR_SYNC_URL,
      audit: config.AUDIT_URL,
      timeline: config.TIMELINE_URL,
    },
    keys,
    jwksUrl: config.AUTH_JWKS_URL,
    authenticate: createAuthenticator({
      keys,
      issuer: config.AUTH_ISSUER,
      audience: config.AUTH_AUDIENCE,
      revocations,
      refusals,
    }),
    quotas: quotasOf(config),
    readQuotas: readQuotasOf(config),
    refusals,
    corsOrigins: config.CORS_ORIGINS,
    legacy: legacy?.door,
    log,
    metrics,
    trustedProxies: config.TRUSTED_PROXIES,
    isShuttingDown: lifecycle.isShuttingDown,
  });
  const sharing =
    config.REDIS_URL === undefined
      ? undefined
      : shareCounters({ url: config.REDIS_URL, counters, log, metrics });
  const http = await listen(app, config.HOST, config.PORT, edgeListening);
  hardenServer(http.server);
  lifecycle.onShutdown('http', http.close);
  lifecycle.onShutdown('revocations', revocations.close);
  if (legacy) lifecycle.onShutdown('uses of legacy headers', legacy.close);
  lifecycle.onShutdown('refusals', refusals.close);
  if (sharing) lifecycle.onShutdown('shared rate limits', sharing.close);
  lifecycle.onShutdown('connections to services', close);
  log.info({ port: http.port }, 'listening');
});
