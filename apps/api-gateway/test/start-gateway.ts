import {
  createAuthenticator,
  createLogger,
  createMetrics,
  type KeySource,
  listen,
  type RefusalLog,
  type Registry,
} from '@pipedesk/service-kit';
import { createApp } from '../src/app.ts';
import { edgeListening, hardenServer } from '../src/edge/harden-server.ts';
import { type ServiceName, serviceNames, type ServiceUrls } from '../src/edge/services.ts';
import type { LegacyDoor } from '../src/legacy/legacy-door.ts';
import type { Quotas } from '../src/limits/rate-limits.ts';
import type { ReadQuotas } from '../src/limits/read-limits.ts';
import type { WindowCounter } from '../src/limits/window-counter.ts';
import { audience, issuer, revocations, testKeys } from './tokens.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** Far more than any test sends. */
const roomy: Quotas = { ip: 1e6, auth: 1e6, read: 1e6, write: 1e6, bulk: 1e6, tenant: 1e7 };
const roomyReads: ReadQuotas = { admin: 1e6, manager: 1e6, sales: 1e6, viewer: 1e6, tenant: 1e7 };

interface GatewayOptions {
  quotas?: Partial<Quotas>;
  readQuotas?: Partial<ReadQuotas>;
  refusals?: RefusalLog;
  /** How long clients may take, where it is to differ from production. */
  slowness?: { headersTimeout?: number; requestTimeout?: number };
  keys?: KeySource;
  trustedProxies?: string;
  corsOrigins?: string[];
  serviceTimeout?: number;
  sourceTimeout?: number;
  legacy?: LegacyDoor;
}

export interface Gateway {
  port: number;
  url: string;
  upstreams: Record<ServiceName, Upstream>;
  counters: ReadonlyMap<string, WindowCounter>;
  metrics: Registry;
  get(path: string, token?: string): Promise<Response>;
  stop(): Promise<void>;
}

/** The gateway on a port of its own, in front of five real servers; `stop` ends all. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const { keys = testKeys, trustedProxies = 'none', corsOrigins = [] } = options;
  const { quotas, readQuotas, slowness, ...rest } = options;
  const upstreams = Object.fromEntries(
    await Promise.all(serviceNames.map(async (name) => [name, await startUpstream(name)] as const)),
  ) as Record<ServiceName, Upstream>;
  const services = Object.fromEntries(serviceNames.map((name) => [name, upstreams[name].url])) as ServiceUrls;
  const metrics = createMetrics('api-gateway');
  const { app, counters, close } = createApp({
    services,
    keys,
    jwksUrl: `${services.auth}/.well-known/jwks.json`,
    authenticate: createAuthenticator({ keys, issuer, audience, revocations }),
    corsOrigins,
    log: createLogger('api-gateway', 'silent'),
    metrics,
    trustedProxies,
    isShuttingDown: () => false,
    ...rest,
    quotas: { ...roomy, ...quotas },
    readQuotas: { ...roomyReads, ...readQuotas },
  });
  const http = await listen(app, '127.0.0.1', 0, { ...edgeListening, ...slowness });
  hardenServer(http.server);
  const url = `http://127.0.0.1:${http.port}`;
  return {
    port: http.port,
    url,
    upstreams,
    counters,
    metrics,
    get: (path, token) =>
      fetch(url + path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    stop: async () => {
      http.server.closeAllConnections();
      await http.close();
      close();
      await Promise.all(Object.values(upstreams).map((upstream) => upstream.stop()));
    },
  };
}
