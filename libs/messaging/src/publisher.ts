import type { AuditGap, ChangeEvent, Settlement, VersionClaim } from '@pipedesk/contracts';
import type { Logger } from '@pipedesk/service-kit';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { type Drop, superviseConnection } from './connection.ts';
import { encodeEvent } from './message.ts';
import { feedSettlements } from './settlement-feed.ts';
import { declareTopology, eventsExchange } from './topology.ts';

/** The event was not taken by the broker; whoever holds it must keep it. */
export class NotPublished extends Error {
  override name = 'NotPublished';
}

/** A service's line to the bus: events out, and back what audit has settled of them. */
export interface Publisher {
  service: string;
  /** Resolves when the broker has confirmed the event. @throws NotPublished otherwise */
  publish(event: ChangeEvent): Promise<void>;
  isConnected(): boolean;
  onConnected(listener: () => void): void;
  onSettled(listener: (settlement: Settlement) => void): void;
  /**
   * True when the queue of audit is empty and somebody consumes it: what audit has not settled by then is in its hands or
   * lost. False when that is not known.
   */
  isAuditIdle(): Promise<boolean>;
  /** Which of these versions audit lacks. @throws Error when audit does not answer in time */
  askForGaps(claim: VersionClaim): Promise<AuditGap[]>;
  close(): Promise<void>;
}

/** Longest a confirm may take, ms; a blocked broker (memory alarm) must not hold the relay for ever. */
const confirmTimeout = 30_000;

/**
 * Publishes with confirms on a connection of its own (an alarm blocks publishers only). Confirmed means acknowledged
 * *and* not returned; a return precedes its ack (rabbitmq.com/docs/confirms).
 */
export function createPublisher({
  url,
  service,
  log,
}: {
  url: string;
  service: string;
  log: Logger;
}): Publisher {
  const listeners: (() => void)[] = [];
  const settledListeners: ((settlement: Settlement) => void)[] = [];
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

  const connection = superviseConnection({ url, name: `${service} publisher`, log, setup, onLost });
  const settlements = feedSettlements({
    url,
    service,
    log,
    onSettled: (settlement) => {
      for (const listener of settledListeners) listener(settlement);
    },
  });

  return {
    service,
    publish(event) {
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
        open.publish(eventsExchange, event.type, content, options, (error: unknown) => {
          settle(error ? new NotPublished('the broker refused the event') : undefined);
        });
      });
    },
    isConnected: () => channel !== undefined,
    onConnected: (listener) => void listeners.push(listener),
    onSettled: (listener) => void settledListeners.push(listener),
    isAuditIdle: settlements.isAuditIdle,
    askForGaps: settlements.askForGaps,
    close: async () => {
      await Promise.all([connection.close(), settlements.close()]);
    },
  };
}
