import type { AuditFlaw } from '@pipedesk/contracts';
import { erasuresOfRemoved, isAccounting } from './erasure-check.ts';
import { hashOfRecord } from './leaf.ts';
import { merkleRoot } from './merkle.ts';
import type { SealableRecord } from './record.ts';
import { isStatement, type Taken, takenIn } from './removal-check.ts';
import { type RemovedRecord, stubsByPlace } from './removed.ts';
import type { Seal } from './seal.ts';

/** A seal with what it covers; a record that is gone is undefined. */
export interface Segment {
  seal: Seal;
  /** Ids and leaf hashes as they were sealed, in order. They say which record differs; the root says whether they lie. */
  ids: string[];
  leaves: Buffer[];
  records: (SealableRecord | undefined)[];
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

/** Recomputes a segment's records and tree: nearly all the work of verifying, and any thread's. */
export function checkSegment(segment: Segment): SegmentFindings {
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
    const differs = differenceOf(record, place.seq, leaves[index]);
    if (differs) flaws.push({ ...place, kind: 'record_changed', reason: differs });
    else if (isAccounting(record) || isStatement(record)) accounting.push(record);
  }
  return { records: found, removed: gone, flaws, accounting, taken: takenIn(segment) };
}

function isRooted({ seal, ids, leaves }: Segment): boolean {
  const isWhole = leaves.length === seal.count && ids.length === seal.count;
  return isWhole && merkleRoot(leaves).toString('hex') === seal.root;
}

/** Says what is wrong with a record; undefined when it is the one that was sealed. */
function differenceOf(record: SealableRecord, seq: number, sealed: Buffer | undefined): string | undefined {
  try {
    const isSame = sealed !== undefined && hashOfRecord(record, seq).equals(sealed);
    return isSame ? undefined : 'the record is not what was sealed';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
