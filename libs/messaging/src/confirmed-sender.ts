import type { ChangeEvent } from '@pipedesk/contracts';
import type { Logger } from '@pipedesk/service-kit';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { type Drop, superviseConnection } from './connection.ts';
import { encodeEvent } from './message.ts';
import { declareTopology, erasedExchange } from './topology.ts';

/** The event was not taken by the broker; whoever holds it must keep it. */
export class NotPublished extends Error {
  override name = 'NotPublished';
}

/** Sends events to one exchange; the routing key is the event type. */
export interface ConfirmedSender {
  /** Resolves when the broker has confirmed the event. @throws NotPublished otherwise */
  send(event: ChangeEvent): Promise<void>;
  isConnected(): boolean;
  onConnected(listener: () => void): void;
  close(): Promise<void>;
}

interface SenderOptions {
  url: string;
  /** Of the connection, as the broker shows it. */
  name: string;
  exchange: string;
  log: Logger;
}

/** Longest a confirm may take, ms; a blocked broker (memory alarm) must not hold the sender for ever. */
const confirmTimeout = 30_000;

/**
 * Sends with confirms on a connection of its own (an alarm blocks publishers only). Confirmed means acknowledged
 * *and* not returned; a return precedes its ack (rabbitmq.com/docs/confirms).
 */
export function createConfirmedSender({ url, name, exchange, log }: SenderOptions): ConfirmedSender {
  const listeners: (() => void)[] = [];
  const returned = new Set<string>();
  const waiting = new Set<(error: Error) => void>();
  let channel: ConfirmChannel | undefined;

  async function setup(model: ChannelModel, drop: Drop): Promise<void> {
    const fresh = await model.createConfirmChannel();
    fresh.on('error', (error) => {
      drop(`publisher channel: ${error.message}`);
    });
    fresh.on('close', () => {
      drop('publisher channel closed');
    });
    fresh.on('return', (message) => returned.add(String(message.properties.messageId)));
    await declareTopology(fresh);
    channel = fresh;
    for (const listener of listeners) listener();
  }

  function onLost(): void {
    channel = undefined;
    returned.clear();
    for (const fail of waiting) fail(new NotPublished('the broker connection was lost before the confirm'));
    waiting.clear();
  }

  const connection = superviseConnection({ url, name, log, setup, onLost });

  return {
    send(event) {
      const open = channel;
      if (!open) return Promise.reject(new NotPublished('the broker is not connected'));
      return new Promise((resolve, reject) => {
        const settle = (error?: Error) => {
          clearTimeout(timer);
          waiting.delete(settle);
          const unroutable = returned.delete(event.id);
          if (error) reject(error);
          else if (unroutable) reject(new NotPublished(`no queue takes ${event.type}`));
          else resolve();
        };
        const timer = setTimeout(settle, confirmTimeout, new NotPublished('no confirm in time'));
        waiting.add(settle);
        const { content, options } = encodeEvent(event);
        open.publish(exchange, event.type, content, options, (error: unknown) => {
          settle(error ? new NotPublished('the broker refused the event') : undefined);
        });
      });
    },
    isConnected: () => channel !== undefined,
    onConnected: (listener) => void listeners.push(listener),
    close: connection.close,
  };
}

/** Tells whoever keeps events which of them have lost values. */
export const createErasedSender = (options: Pick<SenderOptions, 'url' | 'name' | 'log'>): ConfirmedSender =>
  createConfirmedSender({ ...options, exchange: erasedExchange });
