import { type Consumer, createConsumer } from '@pipedesk/messaging';
import { isDatabaseUnavailable } from '@pipedesk/mongo';
import type { Logger, Registry } from '@pipedesk/service-kit';
import type { IngestService } from './ingest.service.ts';

interface IngestConsumerDeps {
  amqpUrl: string;
  ingest: IngestService;
  log: Logger;
  metrics: Registry;
}

export function createIngestConsumer({ amqpUrl, ingest, log, metrics }: IngestConsumerDeps): Consumer {
  return createConsumer({
    url: amqpUrl,
    queue: 'audit.events',
    log,
    metrics,
    handle: ingest.store,
    isTransient: isDatabaseUnavailable,
    settles: true,
    // While the database works on one, the next is parsed and hashed.
    batches: { size: 500, atOnce: 2 },
  });
}
