import { connectMongo, migrate } from '@pipedesk/mongo';
import { createPublisher } from '@pipedesk/messaging';
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
import { googleOptions } from './google/google-config.ts';
import { mailTransport } from './mail/transport.ts';
import { migrations } from './migrations.ts';

const service = 'auth';
const config = orExit(readConfig);
const log = createLogger(service, config.LOG_LEVEL);
const lifecycle = createLifecycle(log);

runProcess(log, lifecycle, async () => {
  const connection = await connectMongo({ uri: config.MONGODB_URI, database: config.MONGODB_DATABASE, log });
  await migrate(connection, migrations, log);
  const publisher = createPublisher({ url: config.AMQP_URL, service, log });
  const { app, relay, mailer, rotation, eventRecords, refusals } = createApp({
    connection,
    publisher,
    log,
    metrics: createMetrics(service),
    trustedProxies: config.TRUSTED_PROXIES,
    isShuttingDown: lifecycle.isShuttingDown,
    issuer: config.AUTH_ISSUER,
    audience: config.AUTH_AUDIENCE,
    keySecret: config.AUTH_KEY_SECRET,
    serviceSecret: config.SERVICE_SECRET,
    keyRotationDays: config.AUTH_KEY_ROTATION_DAYS,
    tokenLifetime: config.AUTH_TOKEN_TTL,
    appUrl: config.APP_URL,
    sendMail: mailTransport(config, log),
    refusalsEvery: config.REFUSALS_REPORTED_EVERY,
    legacy: config,
    google: googleOptions(config),
  });
  const http = await listen(app, config.HOST, config.PORT);
  lifecycle.onShutdown('http', http.close);
  lifecycle.onShutdown('key rotation', rotation.close);
  lifecycle.onShutdown('removal of old records', eventRecords.close);
  lifecycle.onShutdown('refusals', refusals.close);
  lifecycle.onShutdown('mails', mailer.settled);
  lifecycle.onShutdown('outbox relay', relay.close);
  lifecycle.onShutdown('publisher', publisher.close);
  lifecycle.onShutdown('database', () => connection.close());
  log.info({ port: http.port }, 'listening');
});
