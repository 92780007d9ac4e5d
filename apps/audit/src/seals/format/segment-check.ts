import type { AuditFlaw } from '@pipedesk/contracts';
import { erasuresOfRemoved, isAccounting } from './erasure-check.ts';
import { hashOfRecord } from './leaf.ts';
import { merkleRoot } from './merkle.ts';
import type { SealableRecord } from './record.ts';
import { isStatement, type Taken, takenIn } from './removal-check.ts';
import { type RemovedRecord, stubsByPlace } from './removed.ts';
import type { Seal } from './seal.ts';

/** A seal with what it covers; a record that is gone is undefined. */
export interface Segment<R = SealableRecord> {
  seal: Seal;
  /** Ids and leaf hashes as they were sealed, in order. They say which record differs; the root says whether they lie. */
  ids: string[];
  leaves: Buffer[];
  records: (R | undefined)[];
  /** What retention took; absent from most. */
  removed?: RemovedRecord[];
}

/** What a segment says of itself, whatever stands before it. */
export interface SegmentFindings {
  /** How many records are there. */
  records: number;
  /** How many retention has taken. */
  removed: number;
  flaws: AuditFlaw[];
  /** Verified records that tell what was erased or removed, in order. */
  accounting: SealableRecord[];
  /** What is marked as removed. */
  taken: Taken[];
}

/** What the check needs of a record, in whatever form records come. */
export interface RecordReader<R> {
  /** The hash of its leaf. @throws Error for a record that has none */
  hashOf: (record: R, seq: number) => Buffer;
  /** The record when it tells what was erased or removed. */
  telling: (record: R) => SealableRecord | undefined;
}

export const decodedRecords: RecordReader<SealableRecord> = {
  hashOf: hashOfRecord,
  telling: (record) => (isAccounting(record) || isStatement(record) ? record : undefined),
};

/** Recomputes a segment's records and tree: nearly all the work of verifying, and any thread's. */
export function checkSegment(segment: Segment): SegmentFindings {
  return checkSegmentBy(decodedRecords, segment);
}

/** `checkSegment` over records in another form. */
export function checkSegmentBy<R>(reader: RecordReader<R>, segment: Segment<R>): SegmentFindings {
  const { seal, ids, leaves, records, removed = [] } = segment;
  const stubs = stubsByPlace(removed);
  const flaws: AuditFlaw[] = [];
  const accounting: SealableRecord[] = [];
  let [found, gone] = [0, 0];
  const at = { segment: seal.segment, seq: null, recordId: null };
  if (!isRooted(segment)) {
    const reason = 'the list of the segment’s records does not give its root';
    flaws.push({ ...at, kind: 'tree_changed', reason });
  }
  for (let index = 0; index < Math.max(ids.length, records.length); index++) {
    const record = records[index];
    const place = { ...at, seq: seal.firstSeq + index, recordId: ids[index] || null };
    const stub = stubs.get(index);
    if (!record && stub && stub.id === ids[index]) {
      gone++;
      if (stub.erased) accounting.push(erasuresOfRemoved(stub, seal.tenantId));
      continue;
    }
    if (!record) {
      flaws.push({ ...place, kind: 'record_missing', reason: 'the record was sealed and is not there' });
      continue;
    }
    if (index >= seal.count)
      flaws.push({ ...place, kind: 'record_changed', reason: 'the segment has no place for the record' });
    found++;
    const differs = differenceOf(() => reader.hashOf(record, place.seq), leaves[index]);
    const telling = differs ? undefined : reader.telling(record);
    if (differs) flaws.push({ ...place, kind: 'record_changed', reason: differs });
    if (telling) accounting.push(telling);
  }
  return { records: found, removed: gone, flaws, accounting, taken: takenIn(segment) };
}

function isRooted({ seal, ids, leaves }: Segment<unknown>): boolean {
  const isWhole = leaves.length === seal.count && ids.length === seal.count;
  return isWhole && merkleRoot(leaves).toString('hex') === seal.root;
}

/** Says what is wrong with a record; undefined when it is the one that was sealed. */
function differenceOf(hash: () => Buffer, sealed: Buffer | undefined): string | undefined {
  try {
    const isSame = sealed !== undefined && hash().equals(sealed);
    return isSame ? undefined : 'the record is not what was sealed';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
