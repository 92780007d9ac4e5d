import type { Logger } from '@pipedesk/service-kit';
import type { Registry } from 'prom-client';
import { createOutboxRelay, type OutboxRelay, type OutboxSource } from './outbox-relay.ts';
import type { Publisher } from './publisher.ts';
import { createReconciler, type VersionSource } from './reconciler.ts';

interface DeliveryOptions {
  source: OutboxSource & VersionSource;
  publisher: Publisher;
  log: Logger;
  metrics: Registry;
}

/** All that a service needs for its changes to reach audit: the relay, and behind it the comparison of versions. */
export function createDelivery(options: DeliveryOptions): OutboxRelay {
  const reconciler = createReconciler(options);
  const relay = createOutboxRelay(options);
  return {
    close: async () => {
      await Promise.all([reconciler.close(), relay.close()]);
    },
  };
}
