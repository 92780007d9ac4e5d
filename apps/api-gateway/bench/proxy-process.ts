/** One proxy of the comparison, told by message what it is; answers with its port, and later with what it has used. */
import { createAuthenticator, createLogger, createMetrics, createRevocations } from '@pipedesk/service-kit';
import fastifyProxy from '@fastify/http-proxy';
import express from 'express';
import { fastify } from 'fastify';
import proxies from 'http-proxy-3';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, request, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { v7 as uuidv7 } from 'uuid';
import { createApp } from '../src/app.ts';
import { hardenServer } from '../src/edge/harden-server.ts';
import { serviceNames, type ServiceUrls } from '../src/edge/services.ts';
import { audience, issuer } from '../test/tokens.ts';

export const proxyKinds = [
  'bare',
  'http-proxy-3',
  '@fastify/http-proxy',
  'http-proxy-middleware',
  'gateway',
] as const;
export type ProxyKind = (typeof proxyKinds)[number];

export interface StartProxy {
  kind: ProxyKind;
  upstreamPort: number;
  /** PEM of the key that tokens are verified with. */
  publicKey: string;
}

/** Since the last question. */
export interface ProxyUsage {
  /** Microseconds of CPU. */
  cpu: number;
  /** Longest time the event loop did not turn, ms. */
  longestStall: number;
  /** Resident set just now, bytes. */
  memory: number;
}

process.once('message', (message) => {
  void start(message as StartProxy);
});

async function start(options: StartProxy): Promise<void> {
  const port = await starters[options.kind](options);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let before = process.cpuUsage();
  process.on('message', () => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    const usage = { cpu: user + system, longestStall: delay.max / 1e6, memory: process.memoryUsage.rss() };
    process.send?.(usage satisfies ProxyUsage);
    delay.reset();
  });
  process.send?.(port);
}

async function listen(listener: RequestListener, harden = false): Promise<number> {
  const server = createServer({ maxHeaderSize: 16 * 1024 }, listener);
  if (harden) hardenServer(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const starters: Record<ProxyKind, (options: StartProxy) => Promise<number>> = {
  bare: ({ upstreamPort }) => {
    const agent = new Agent({ keepAlive: true });
    return listen((req, res) => {
      const { method, url, headers } = req;
      const options = { agent, host: '127.0.0.1', port: upstreamPort, method, path: url, headers };
      const outgoing = request(options, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      });
      req.pipe(outgoing);
    });
  },
  'http-proxy-3': ({ upstreamPort }) => {
    const target = `http://127.0.0.1:${upstreamPort}`;
    const proxy = proxies.createProxyServer({ target, agent: new Agent({ keepAlive: true }) });
    return listen((req, res) => {
      proxy.web(req, res);
    });
  },
  '@fastify/http-proxy': async ({ upstreamPort }) => {
    const app = fastify();
    await app.register(fastifyProxy, { upstream: `http://127.0.0.1:${upstreamPort}` });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return (app.server.address() as AddressInfo).port;
  },
  'http-proxy-middleware': ({ upstreamPort }) => {
    const app = express();
    const target = `http://127.0.0.1:${upstreamPort}`;
    app.use(createProxyMiddleware({ target, agent: new Agent({ keepAlive: true }) }));
    return listen(app);
  },
  gateway: startGateway,
};

/** Ours as in production: tokens, revocations, limits, access log, metrics, security headers. */
function startGateway({ upstreamPort, publicKey }: StartProxy): Promise<number> {
  const url = `http://127.0.0.1:${upstreamPort}`;
  const key = createPublicKey(publicKey);
  const keys = { find: () => Promise.resolve(key) };
  const log = createLogger('api-gateway', 'info');
  const revocations = createRevocations({ source: (since) => Promise.resolve(manyRevocations(since)), log });
  const { app } = createApp({
    services: Object.fromEntries(serviceNames.map((name) => [name, url])) as ServiceUrls,
    keys,
    jwksUrl: url,
    authenticate: createAuthenticator({ keys, issuer, audience, revocations }),
    // On, and too high to be met: the load comes from one user.
    quotas: { ip: 1e9, auth: 1e9, read: 1e9, write: 1e9, bulk: 1e9, tenant: 1e10 },
    readQuotas: { admin: 1e9, manager: 1e9, sales: 1e9, viewer: 1e9, tenant: 1e10 },
    corsOrigins: ['https://app.example.com'],
    log,
    metrics: createMetrics('api-gateway'),
    trustedProxies: 'none',
    isShuttingDown: () => false,
  });
  return listen(app, true);
}

/** A thousand ended sessions within the lifetime of a token, and at each later question those of the last seconds again. */
const revoked = Array.from({ length: 1_000 }, () => ({ tenantId: uuidv7(), id: uuidv7() }));

function manyRevocations(since?: string) {
  const sessions = since === undefined ? revoked : revoked.slice(0, 20);
  return {
    asOf: new Date().toISOString(),
    tokenLifetime: 600,
    sessions,
    users: [],
    tenants: [],
    grants: [],
    teams: [],
  };
}
