import type { ChangeEvent } from '@pipedesk/contracts';
import type { Connection } from '@pipedesk/mongo';
import { createKeySecret, createLogger, createMetrics } from '@pipedesk/service-kit';
import type { TestBus } from '@pipedesk/testing';
import { connect } from 'amqplib';
import { randomBytes } from 'node:crypto';
import { createApp } from '../../src/app.ts';
import type { AuditLog } from '../../src/audit-logs/audit-log.model.ts';
import { auditLogIndexes } from '../../src/audit-logs/audit-log.query.ts';
import { logOfEvent } from '../../src/ingest/log-of-event.ts';
import { createStamper } from '../../src/seals/stamp.ts';
import { startBareLoop } from './bare-loop.ts';
import { type Progress, watch } from './progress.ts';

export interface IngestBench {
  bus: TestBus;
  connection: Connection;
}

const queue = 'audit.events';
const log = createLogger('bench', 'warn');
const keySecret = createKeySecret(randomBytes(32).toString('base64'));
const stamper = createStamper(randomBytes(32));

/** All of audit in this process, as main.ts sets it up, without its port. */
export async function byService({ bus, connection }: IngestBench, events: ChangeEvent[]): Promise<Progress> {
  await fill(bus, events);
  const metrics = createMetrics('audit');
  const { consumer, sealing, removing, streaming } = createApp({
    connection,
    amqpUrl: bus.url,
    authenticate: (_req, _res, next) => {
      next();
    },
    log,
    metrics,
    trustedProxies: 'none',
    isShuttingDown: () => false,
    keySecret,
    sealing: { every: 2_000, soonAfter: 10_000, rotateAfter: 86_400_000, trustedKeys: [] },
    removing: { every: 60_000 },
    streaming: { every: 1_000, allowedHosts: [] },
  });
  const counter = metrics.getSingleMetric('pipedesk_consumer_events_total');
  const progress = await watch(async () => {
    const { values = [] } = (await counter?.get()) ?? {};
    return values.find(({ labels }) => labels.outcome === 'processed')?.value ?? 0;
  }, events.length);
  await consumer.close();
  await removing.close();
  await sealing.close();
  await streaming.close();
  connection.deleteModel(/./);
  return progress;
}

/** The documents are made beforehand: of the time only parsing, writing and acknowledging is left. */
export async function byBareLoop({ bus, connection }: IngestBench, events: ChangeEvent[]): Promise<Progress> {
  const at = new Date();
  const documents = new Map(events.map((event) => [event.id, stamper.stamp(logOfEvent(event, at))]));
  const collection = connection.getClient().db(connection.name).collection<AuditLog>('bare');
  await collection.createIndexes(auditLogIndexes);
  await fill(bus, events);
  const loop = await startBareLoop(bus.url, queue, { size: 500, prefetch: 1_500 }, collection, documents);
  const progress = await watch(loop.stored, events.length);
  await loop.close();
  return progress;
}

/** Past the exchange, so that no other queue fills up. */
async function fill(bus: TestBus, events: ChangeEvent[]): Promise<void> {
  const model = await connect(bus.url);
  const channel = await model.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  for (const event of events) {
    const { id: messageId, type, source: appId } = event;
    channel.sendToQueue(queue, Buffer.from(JSON.stringify(event)), {
      persistent: true,
      type,
      messageId,
      appId,
    });
  }
  await channel.waitForConfirms();
  await model.close();
}
