import type { AuditGap, ChangeEvent, Settlement, VersionClaim } from '@pipedesk/contracts';
import type { Logger } from '@pipedesk/service-kit';
import { createConfirmedSender } from './confirmed-sender.ts';
import { feedSettlements } from './settlement-feed.ts';
import { eventsExchange } from './topology.ts';

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

export function createPublisher({
  url,
  service,
  log,
}: {
  url: string;
  service: string;
  log: Logger;
}): Publisher {
  const settledListeners: ((settlement: Settlement) => void)[] = [];
  const sender = createConfirmedSender({ url, name: `${service} publisher`, exchange: eventsExchange, log });
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
    publish: sender.send,
    isConnected: sender.isConnected,
    onConnected: sender.onConnected,
    onSettled: (listener) => void settledListeners.push(listener),
    isAuditIdle: settlements.isAuditIdle,
    askForGaps: settlements.askForGaps,
    close: async () => {
      await Promise.all([sender.close(), settlements.close()]);
    },
  };
}
