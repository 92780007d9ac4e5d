export { answerClaims } from './claim-answerer.ts';
export { type Consumer, createConsumer } from './consumer.ts';
export type { Rejection } from './consumer-session.ts';
export { reasonHeader } from './dead-letters.ts';
export { createDelivery } from './delivery.ts';
export type { OutboxRelay, OutboxSource } from './outbox-relay.ts';
export { type ConfirmedSender, createErasedSender, NotPublished } from './confirmed-sender.ts';
export { createPublisher, type Publisher } from './publisher.ts';
export { type DeadLetter, replayDeadLetters } from './replay.ts';
export { feedRevocations } from './revocation-feed.ts';
export { verifyTokens } from './verified-tokens.ts';
export {
  type ConsumerQueue,
  consumerQueues,
  deadExchange,
  deadLetterQueueOf,
  declareTopology,
  eventsExchange,
  unroutedExchange,
} from './topology.ts';
