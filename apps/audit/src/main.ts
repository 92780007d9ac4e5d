import { feedRevocations } from '@pipedesk/messaging';
import { connectMongo, migrate } from '@pipedesk/mongo';
import {
  createAuthenticator,
  createKeySecret,
  createLifecycle,
  createLogger,
  createMetrics,
  createRevocations,
  listen,
  orExit,
  remoteKeys,
  remoteRevocations,
  runProcess,
} from '@pipedesk/service-kit';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';
import { migrations } from './migrations.ts';

const service = 'audit';
const config = orExit(readConfig);
const log = createLogger(service, config.LOG_LEVEL);
const lifecycle = createLifecycle(log);

runProcess(log, lifecycle, async () => {
  const connection = await connectMongo({ uri: config.MONGODB_URI, database: config.MONGODB_DATABASE, log });
  await migrate(connection, migrations, log);
  const keys = remoteKeys({ url: config.AUTH_JWKS_URL });
  const source = remoteRevocations({
    jwksUrl: config.AUTH_JWKS_URL,
    secret: config.SERVICE_SECRET,
    service,
  });
  const revocations = createRevocations({ source, log });
  const feed = feedRevocations({ url: config.AMQP_URL, service, log, revocations });
  const { app, consumer, sealing } = createApp({
    connection,
    amqpUrl: config.AMQP_URL,
    authenticate: createAuthenticator({
      keys,
      issuer: config.AUTH_ISSUER,
      audience: config.AUTH_AUDIENCE,
      revocations,
    }),
    log,
    metrics: createMetrics(service),
    trustedProxies: config.TRUSTED_PROXIES,
    isShuttingDown: lifecycle.isShuttingDown,
    keySecret: createKeySecret(config.AUDIT_KEY_SECRET),
    sealing: {
      every: 2_000,
      soonAfter: 500,
      rotateAfter: config.AUDIT_KEY_ROTATION_DAYS * 86_400_000,
      trustedKeys: config.AUDIT_TRUSTED_KEYS.split(',').map((id) => id.trim()),
    },
  });
  const http = await listen(app, config.HOST, config.PORT);
  lifecycle.onShutdown('http', http.close);
  lifecycle.onShutdown('revocations', revocations.close);
  lifecycle.onShutdown('revocation feed', feed.close);
  lifecycle.onShutdown('consumer', consumer.close);
  lifecycle.onShutdown('sealing', sealing.close);
  lifecycle.onShutdown('database', () => connection.close());
  log.info({ port: http.port }, 'listening');
});
