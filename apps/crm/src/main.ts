import { connectMongo, migrate } from '@pipedesk/mongo';
import { createPublisher, verifyTokens } from '@pipedesk/messaging';
import {
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

const service = 'crm';
const config = orExit(readConfig);
const log = createLogger(service, config.LOG_LEVEL);
const lifecycle = createLifecycle(log);

runProcess(log, lifecycle, async () => {
  const connection = await connectMongo({ uri: config.MONGODB_URI, database: config.MONGODB_DATABASE, log });
  await migrate(connection, migrations, log);
  const publisher = createPublisher({ url: config.AMQP_URL, service, log });
  const metrics = createMetrics(service);
  const tokens = verifyTokens({ config, service, log, metrics });
  const { app, relay, importRunner, mergeRunner, conversionSweeper } = createApp({
    connection,
    publisher,
    jwksUrl: config.AUTH_JWKS_URL,
    auditUrl: config.AUDIT_URL,
    authenticate: tokens.authenticate,
    log,
    metrics,
    trustedProxies: config.TRUSTED_PROXIES,
    isShuttingDown: lifecycle.isShuttingDown,
  });
  const http = await listen(app, config.HOST, config.PORT);
  lifecycle.onShutdown('http', http.close);
  lifecycle.onShutdown('token verification', tokens.close);
  lifecycle.onShutdown('import runner', importRunner.close);
  lifecycle.onShutdown('merge runner', mergeRunner.close);
  lifecycle.onShutdown('conversion sweeper', conversionSweeper.close);
  lifecycle.onShutdown('outbox relay', relay.close);
  lifecycle.onShutdown('publisher', publisher.close);
  lifecycle.onShutdown('database', () => connection.close());
  log.info({ port: http.port }, 'listening');
});
