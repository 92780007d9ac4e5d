import { verifyTokens } from '@pipedesk/messaging';
import { connectMongo, migrate } from '@pipedesk/mongo';
import {
  createKeySecret,
  createLifecycle,
  createLogger,
  createMetrics,
  listen,
  orExit,
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
  const metrics = createMetrics(service);
  const tokens = verifyTokens({ config, service, log, metrics });
  const { app, consumer, sealing, removing, streaming } = createApp({
    connection,
    amqpUrl: config.AMQP_URL,
    authenticate: tokens.authenticate,
    log,
    metrics,
    trustedProxies: config.TRUSTED_PROXIES,
    isShuttingDown: lifecycle.isShuttingDown,
    keySecret: createKeySecret(config.AUDIT_KEY_SECRET),
    sealing: {
      every: 2_000,
      soonAfter: 10_000,
      rotateAfter: config.AUDIT_KEY_ROTATION_DAYS * 86_400_000,
      trustedKeys: config.AUDIT_TRUSTED_KEYS.split(',').map((id) => id.trim()),
    },
    removing: { every: config.AUDIT_REMOVAL_INTERVAL_SECONDS * 1_000 },
    streaming: {
      every: 1_000,
      file: config.AUDIT_STREAM_FILE,
      allowedHosts: config.AUDIT_STREAM_ALLOWED_HOSTS.split(',').map((host) => host.trim()),
    },
  });
  const http = await listen(app, config.HOST, config.PORT);
  lifecycle.onShutdown('http', http.close);
  lifecycle.onShutdown('token verification', tokens.close);
  lifecycle.onShutdown('consumer', consumer.close);
  lifecycle.onShutdown('streams', streaming.close);
  lifecycle.onShutdown('removal', removing.close);
  lifecycle.onShutdown('sealing', sealing.close);
  lifecycle.onShutdown('database', () => connection.close());
  log.info({ port: http.port }, 'listening');
});
