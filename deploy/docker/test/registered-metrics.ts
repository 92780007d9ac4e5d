import { createConsumer, createDelivery } from '@pipedesk/messaging';
import {
  createBreaker,
  createLogger,
  createMetrics,
  createRefusalLog,
  createServiceApp,
  type Registry,
} from '@pipedesk/service-kit';
import { pathOf, auditMetricsOf } from '../src/repository.ts';

/**
 * The names of all series that services expose, from the very factories they use: an HTTP app, a breaker, an outbox relay,
 * a consumer, audit's streams, retention and removals. Nothing is listened on, and there is no broker to reach.
 */
export async function registeredMetrics(): Promise<Set<string>> {
  const metrics = createMetrics('test');
  const log = createLogger('test', 'silent');
  createServiceApp({
    service: 'test',
    log,
    metrics,
    routes: [],
    authenticate: (_req, _res, next) => {
      next();
    },
    trustedProxies: 'none',
    checks: {},
    isShuttingDown: () => false,
  });
  createBreaker(() => Promise.resolve(), { name: 'test', timeout: 1_000, metrics });
  const send = () => Promise.resolve();
  const refusals = createRefusalLog({ service: 'test', send, log, metrics, every: 60 });
  const relay = createDelivery({ source: emptyOutbox, publisher: noPublisher, log, metrics });
  await auditMetricsOf(metrics);
  const nowhere = 'amqp://127.0.0.1:1';
  const consumer = createConsumer({
    url: nowhere,
    queue: 'audit.events',
    log,
    metrics,
    handle: () => Promise.resolve([]),
    isTransient: () => false,
  });
  const legacy = (await import(pathOf('apps/api-gateway/src/legacy/legacy-use.ts'))) as LegacyUseModule;
  const uses = legacy.createLegacyUse({ post: send, every: 60, log, metrics });
  const limits = (await import(pathOf('apps/api-gateway/src/limits/limit.ts'))) as LimitModule;
  limits.countRefused(metrics);
  await Promise.all([uses.close(), relay.close(), consumer.close(), refusals.close()]);
  return seriesOf(metrics);
}

/** Tooling imports no app: the metrics of an app that alerts read are looked up where they are made. */
interface LegacyUseModule {
  createLegacyUse(options: object): { close(): Promise<void> };
}
interface LimitModule {
  countRefused(metrics: Registry): unknown;
}

const emptyOutbox = {
  onCommitted: () => undefined,
  pending: async function* () {
    yield Promise.resolve([]);
  },
  remove: () => Promise.resolve(),
  backlog: () => Promise.resolve({ count: 0, oldest: null }),
  settledRecords: async function* () {
    yield Promise.resolve([]);
  },
  reconstruct: () => Promise.resolve(undefined),
};

const noPublisher = {
  service: 'test',
  publish: () => Promise.resolve(),
  isConnected: () => false,
  onConnected: () => undefined,
  onSettled: () => undefined,
  isAuditIdle: () => Promise.resolve(false),
  askForGaps: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

/** A histogram is three series, each with a name of its own. */
function seriesOf(metrics: Registry): Set<string> {
  const names = metrics.getMetricsAsArray().flatMap(({ name, type }) => {
    // prom-client's enum says numbers in its types and strings at run time.
    const isHistogram = String(type) === 'histogram';
    return isHistogram ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
  });
  return new Set(names);
}
