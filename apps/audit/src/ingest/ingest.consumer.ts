import type { ChangeEvent } from '@pipedesk/contracts';
import { type Consumer, createConsumer, type Rejection } from '@pipedesk/messaging';
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
    handle: (events) => storeOfOthers(ingest, events),
    isTransient: isDatabaseUnavailable,
    settles: true,
    // While the database works on one, the next is parsed and hashed.
    batches: { size: 500, atOnce: 2 },
  });
}

/**
 * Audit's own records come in past the bus. What is sent there in their name is forged, and would be worth forging: by such
 * records erasures and removals are ordered and accounted for.
 */
async function storeOfOthers(ingest: IngestService, events: ChangeEvent[]): Promise<Rejection[]> {
  const { own = [], others = [] } = Object.groupBy(events, (event) => (isOwn(event) ? 'own' : 'others'));
  const forged = own.map((event) => ({ event, reason: reasonFor(event) }));
  return others.length > 0 ? [...forged, ...(await ingest.store(others))] : forged;
}

/** What is left of an event after an erasure is audit's word too, and for others than itself. */
function isOwn({ type, erasureid }: ChangeEvent): boolean {
  return type.startsWith('audit.') || erasureid !== undefined;
}

function reasonFor({ type, erasureid }: ChangeEvent): string {
  if (erasureid !== undefined) return 'what an erasure has left of an event is not for audit';
  return `audit sends no ${type} over the bus`;
}
