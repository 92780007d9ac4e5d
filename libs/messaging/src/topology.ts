import type { Channel } from 'amqplib';

/** Every change of every service goes here; the routing key is the event type. */
export const eventsExchange = 'pipedesk.events';
/** What no queue takes lands here instead of nowhere. */
export const unroutedExchange = 'pipedesk.unrouted';
/** Events that have lost values to an erasure, for every queue whose consumer keeps what it was sent. */
export const erasedExchange = 'pipedesk.erased';
/** What a consumer can never process; the routing key is `<queue>.dead`. */
export const deadExchange = 'pipedesk.dead';

/** One quorum queue a consuming service, and the event types it takes. */
export const consumerQueues = {
  'audit.events': ['#'],
  'timeline.events': ['crm.#', 'calendar.#'],
} as const satisfies Record<string, readonly string[]>;

/** What audit has settled goes back to the service that emitted it; the routing key is that service. */
export const settledExchange = 'pipedesk.settled';
/** Questions to audit which versions it lacks; answered to the asker. */
export const claimsQueue = 'audit.claims';

export const settledQueueOf = (service: string): string => `${service}.settled`;

export type ConsumerQueue = keyof typeof consumerQueues;

export const deadLetterQueueOf = (queue: ConsumerQueue): string => `${queue}.dead`;

const durable = { durable: true };
/** Only the type is fixed in code; limits and dead-lettering are policies (rabbitmq.com/docs/parameters#policies). */
const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

/** For messages that may be lost, since whoever waits for them asks again: no fsync, no replication. */
const passing = { durable: true, arguments: { 'x-queue-type': 'classic' } };

/**
 * Declares the whole topology; repeating it changes nothing. Publishers declare the consumers' queues too: an event
 * published before audit's first start must already find audit's queue.
 */
export async function declareTopology(channel: Channel): Promise<void> {
  await channel.assertExchange(unroutedExchange, 'fanout', durable);
  await channel.assertExchange(eventsExchange, 'topic', { ...durable, alternateExchange: unroutedExchange });
  await channel.assertExchange(erasedExchange, 'fanout', durable);
  await channel.assertExchange(deadExchange, 'direct', durable);
  await channel.assertExchange(settledExchange, 'direct', durable);
  await channel.assertQueue(claimsQueue, passing);
  await channel.assertQueue(unroutedExchange, quorum);
  await channel.bindQueue(unroutedExchange, unroutedExchange, '');
  for (const queue of Object.keys(consumerQueues) as ConsumerQueue[])
    await declareConsumerQueue(channel, queue);
}

async function declareConsumerQueue(channel: Channel, queue: ConsumerQueue): Promise<void> {
  const dead = deadLetterQueueOf(queue);
  await channel.assertQueue(dead, quorum);
  await channel.bindQueue(dead, deadExchange, dead);
  await channel.assertQueue(queue, quorum);
  for (const pattern of consumerQueues[queue]) await channel.bindQueue(queue, eventsExchange, pattern);
  if (queue !== 'audit.events') await channel.bindQueue(queue, erasedExchange, '');
}

/** All replicas of a service share the queue: whichever takes a settlement clears the outbox. */
export async function declareSettledQueue(channel: Channel, service: string): Promise<string> {
  const queue = settledQueueOf(service);
  await channel.assertQueue(queue, passing);
  await channel.bindQueue(queue, settledExchange, service);
  return queue;
}
