import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { type ConsumerQueue, deadExchange, deadLetterQueueOf } from './topology.ts';

/** Header with the reason; RabbitMQ's own dead-lettering (delivery limit) writes `x-death` instead. */
export const reasonHeader = 'x-pipedesk-reason';

/** Copies a message to its queue's dead letters and waits for the confirm; only then may the original be acknowledged. */
export function sendToDeadLetters(
  channel: Pick<ConfirmChannel, 'publish'>,
  queue: ConsumerQueue,
  message: ConsumeMessage,
  reason: string,
): Promise<void> {
  const { headers, ...properties } = message.properties;
  const options = {
    ...properties,
    persistent: true,
    headers: {
      ...headers,
      [reasonHeader]: reason.slice(0, 1000),
      'x-pipedesk-dead-at': new Date().toISOString(),
    },
  };
  return new Promise((resolve, reject) => {
    channel.publish(deadExchange, deadLetterQueueOf(queue), message.content, options, (error: unknown) => {
      if (error) reject(error instanceof Error ? error : new Error('the broker refused the dead letter'));
      else resolve();
    });
  });
}
