export { type Consumer, createConsumer } from './consumer.ts';
export type { Rejection } from './consumer-session.ts';
export { reasonHeader } from './dead-letters.ts';
export { createOutboxRelay, type OutboxRelay, type OutboxSource } from './outbox-relay.ts';
export { createPublisher, NotPublished, type Publisher } from './publisher.ts';
export { feedRevocations, type RevocationFeed } from './revocation-feed.ts';
export {
  type ConsumerQueue,
  consumerQueues,
  deadExchange,
  deadLetterQueueOf,
  declareTopology,
  eventsExchange,
  unroutedExchange,
} from './topology.ts';
