import type { ChangeEvent } from '@pipedesk/contracts';
import { type ConsumeMessage, connect } from 'amqplib';
import type { mongo } from 'mongoose';
import type { AuditLog } from '../../src/audit-logs/audit-log.model.ts';

interface BareLoop {
  stored: () => number;
  close: () => Promise<void>;
}

/**
 * Consume, insertMany, acknowledge: the least that can be done. It parses the message and takes the document from a list made
 * beforehand, so the database has the same to write and this process nothing to think about.
 */
export async function startBareLoop(
  url: string,
  queue: string,
  batches: { size: number; prefetch: number },
  collection: mongo.Collection<AuditLog>,
  documents: Map<string, AuditLog>,
): Promise<BareLoop> {
  const model = await connect(url, { noDelay: true });
  const channel = await model.createChannel();
  const buffer: ConsumeMessage[] = [];
  let stored = 0;
  let working = Promise.resolve();
  let isWorking = false;

  async function work(): Promise<void> {
    while (buffer.length > 0) {
      const messages = buffer.splice(0, batches.size);
      const rows = messages.flatMap(({ content }) => {
        const { id } = JSON.parse(content.toString('utf8')) as ChangeEvent;
        return documents.get(id) ?? [];
      });
      await collection.insertMany(rows, { ordered: false });
      const last = messages.at(-1);
      if (last) channel.ack(last, true);
      stored += rows.length;
    }
    isWorking = false;
  }

  await channel.prefetch(batches.prefetch);
  await channel.consume(queue, (message) => {
    if (message) buffer.push(message);
    if (isWorking) return;
    isWorking = true;
    working = work();
  });
  return {
    stored: () => stored,
    close: async () => {
      await working;
      await model.close();
    },
  };
}
