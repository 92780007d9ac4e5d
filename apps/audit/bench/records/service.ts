import {
  createAuthenticator,
  createKeySecret,
  createLogger,
  createMetrics,
  listen,
} from '@pipedesk/service-kit';
import { createTokenIssuer, openTestBus } from '@pipedesk/testing';
import { createApp } from '../../src/app.ts';
import { openBenchDatabase } from '../database.ts';

/** As main.ts sets it up, save that it does not seal by itself: nothing else is at work while queries are measured. */
export async function startBenchService() {
  const log = createLogger('bench', 'warn');
  const bus = await openTestBus();
  const { connection } = await openBenchDatabase('records', process.env.BENCH_DATABASE);
  const { keys, issuer, audience, revocations, tokenFor } = createTokenIssuer();
  const { app } = createApp({
    connection,
    amqpUrl: bus.url,
    authenticate: createAuthenticator({ keys, issuer, audience, revocations }),
    log,
    metrics: createMetrics('audit'),
    trustedProxies: 'none',
    isShuttingDown: () => false,
    keySecret: createKeySecret(process.env.BENCH_SECRET ?? ''),
    sealing: { every: 3_600_000, soonAfter: Infinity, rotateAfter: 86_400_000, trustedKeys: [] },
    removing: { every: 3_600_000 },
    streaming: { every: 3_600_000, allowedHosts: [] },
  });
  const { port } = await listen(app, '127.0.0.1', 0);
  return { url: `http://127.0.0.1:${port}`, database: connection.name, tokenFor };
}
