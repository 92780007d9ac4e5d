import type { ChangeEvent } from '@pipedesk/contracts';
import type { IngestService } from './ingest.service.ts';

/** Stores events of audit itself, each once. @throws Error when one can never be stored */
export type RecordOwn = (events: ChangeEvent[]) => Promise<void>;

/**
 * Audit's own events come in the way all others do, only not over the bus: what takes values or records away must be on
 * record even while the broker is down.
 */
export function createRecordOwn(ingest: IngestService): RecordOwn {
  return async (events) => {
    const [rejection] = await ingest.store(events);
    if (rejection) throw new Error(`audit refuses its own event: ${rejection.reason}`);
  };
}
