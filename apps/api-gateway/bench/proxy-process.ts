/** One proxy of the comparison, told by message what it is; answers with its port, and later with the CPU time it has used. */
import { createAuthenticator, createLogger, createMetrics } from '@pipedesk/service-kit';
import proxies from 'http-proxy-3';
import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, request, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../src/app.ts';
import { serviceNames, type ServiceUrls } from '../src/edge/services.ts';
import { audience, issuer, revocations } from '../test/tokens.ts';

export type ProxyKind = 'bare' | 'http-proxy-3' | 'gateway';

export interface StartProxy {
  kind: ProxyKind;
  upstreamPort: number;
  /** PEM of the key that tokens are verified with. */
  publicKey: string;
}

process.once('message', (message) => {
  void start(message as StartProxy);
  // Any further message asks for the CPU time used so far, in microseconds.
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
});

async function start(options: StartProxy): Promise<void> {
  const server = createServer(listeners[options.kind](options));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.((server.address() as AddressInfo).port);
}

const listeners: Record<ProxyKind, (options: StartProxy) => RequestListener> = {
  bare: ({ upstreamPort }) => {
    const agent = new Agent({ keepAlive: true });
    return (req, res) => {
      const { method, url, headers } = req;
      const options = { agent, host: '127.0.0.1', port: upstreamPort, method, path: url, headers };
      const outgoing = request(options, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      });
      req.pipe(outgoing);
    };
  },
  'http-proxy-3': ({ upstreamPort }) => {
    const proxy = proxies.createProxyServer({
      target: `http://127.0.0.1:${upstreamPort}`,
      agent: new Agent({ keepAlive: true }),
    });
    return (req, res) => {
      proxy.web(req, res);
    };
  },
  gateway: ({ upstreamPort, publicKey }) => {
    const url = `http://127.0.0.1:${upstreamPort}`;
    const key = createPublicKey(publicKey);
    const keys = { find: () => Promise.resolve(key) };
    return createApp({
      services: Object.fromEntries(serviceNames.map((name) => [name, url])) as ServiceUrls,
      keys,
      jwksUrl: url,
      authenticate: createAuthenticator({ keys, issuer, audience, revocations }),
      quotas: { ip: 1e9, auth: 1e9, read: 1e9, write: 1e9, bulk: 1e9, tenant: 1e9 },
      corsOrigins: [],
      log: createLogger('api-gateway', 'info'),
      metrics: createMetrics('api-gateway'),
      trustedProxies: 'none',
      isShuttingDown: () => false,
    }).app;
  },
};
