import type { ChangeEvent, Settlement } from '@pipedesk/contracts';
import type { Logger } from '@pipedesk/service-kit';
import type { Channel, ChannelModel } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Drop, superviseConnection } from './connection.ts';
import { declareTopology, settledExchange } from './topology.ts';

/** An event that is stored, or will never be; `source` is the service that emitted it, as `/crm`. */
export interface SettledEvent {
  id: string;
  source: string;
  outcome: 'stored' | 'rejected';
}

export interface SettlementSender {
  /** One small message a service; nobody waits for it, since the emitter sends again what was not settled. */
  send(events: SettledEvent[]): void;
  isConnected(): boolean;
  /** Resolves when there is a connection, after so many ms at the latest. */
  connectedWithin(ms: number): Promise<void>;
  close(): Promise<void>;
}

export const settled = (event: ChangeEvent, outcome: SettledEvent['outcome']): SettledEvent => ({
  id: event.id,
  source: event.source,
  outcome,
});

/** On a connection of its own: an alarm blocks whoever publishes, and the consumer beside it must go on draining. */
export function createSettlementSender({
  url,
  name,
  log,
}: {
  url: string;
  name: string;
  log: Logger;
}): SettlementSender {
  let channel: Channel | undefined;
  let connecting = Promise.withResolvers<void>();

  async function setup(model: ChannelModel, drop: Drop): Promise<void> {
    const fresh = await model.createChannel();
    fresh.on('error', (error) => {
      drop(`settlements channel: ${error.message}`);
    });
    fresh.on('close', () => {
      drop('settlements channel closed');
    });
    await declareTopology(fresh);
    // While the broker is blocked, settlements would pile up in memory here; it is cheaper to repeat the events.
    model.on('blocked', () => (channel = undefined));
    model.on('unblocked', () => (channel = fresh));
    channel = fresh;
    connecting.resolve();
  }

  const connection = superviseConnection({
    url,
    name: `${name} settlements`,
    log,
    setup,
    onLost: () => {
      channel = undefined;
      // Whoever waits for the connection that was lost waits for the next one.
      const { resolve } = connecting;
      connecting = Promise.withResolvers();
      void connecting.promise.then(resolve);
    },
  });

  return {
    send(events) {
      for (const [source, some] of Map.groupBy(events, (event) => event.source)) {
        const ids = (outcome: SettledEvent['outcome']) =>
          some.filter((event) => event.outcome === outcome).map(({ id }) => id);
        const settlement: Settlement = { stored: ids('stored'), rejected: ids('rejected') };
        channel?.publish(settledExchange, source.slice(1), Buffer.from(JSON.stringify(settlement)));
      }
    },
    isConnected: () => channel !== undefined,
    connectedWithin: (ms) => Promise.race([connecting.promise, sleep(ms, undefined, { ref: false })]),
    close: connection.close,
  };
}
