import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import type { SealStore } from '../seals/seal.store.ts';
import { ocsfEvent } from './ocsf.ts';
import type { ChainPlace } from './stream-cursors.ts';

/** JSON lines of some records of a tenant, and where the chain goes on behind them. */
export interface Batch {
  lines: string;
  records: number;
  first: number;
  end: ChainPlace;
}

/** So many characters of lines end a batch however few its records are. */
const mostCharacters = 1_000_000;

/**
 * A tenant's sealed records behind a place, in batches. The chain's numbers have no gaps and never change once given, so
 * no record that arrives late can slip in behind the place. A record that is gone is passed over.
 */
export async function* batchesBehind(
  seals: Pick<SealStore, 'head' | 'segments'>,
  tenantId: string,
  { segment, seq }: ChainPlace,
  batchSize: number,
): AsyncGenerator<Batch> {
  const head = await seals.head(tenantId);
  if (!head || head.lastSeq <= seq) return;
  let batch = emptyBatch({ segment, seq });
  for await (const { seal, records } of seals.segments(tenantId, { from: segment, to: head.segment }))
    for (const [index, record] of records.entries()) {
      const number = seal.firstSeq + index;
      if (number <= seq) continue;
      if (record) add(batch, record as AuditLog, number);
      batch.end = { segment: seal.segment, seq: number };
      if (batch.records < batchSize && batch.lines.length < mostCharacters) continue;
      yield batch;
      batch = emptyBatch(batch.end);
    }
  if (batch.end.seq > seq) yield batch;
}

function emptyBatch(end: ChainPlace): Batch {
  return { lines: '', records: 0, first: end.seq + 1, end };
}

function add(batch: Batch, record: AuditLog, seq: number): void {
  batch.lines += `${JSON.stringify(ocsfEvent(record, seq))}\n`;
  batch.records++;
}
