import { deserialize } from 'bson';
import { splitHashes } from './format/merkle.ts';
import type { SealableRecord } from './format/record.ts';
import type { RemovedRecord } from './format/removed.ts';
import type { Seal } from './format/seal.ts';
import { checkSegment, type SegmentFindings } from './format/segment-check.ts';

export interface ExaminedSegment {
  seal: Seal;
  findings: SegmentFindings;
}

/** Segments as they go to a thread: nothing in it is of a class, and the records are still BSON. */
export interface SegmentsToExamine {
  segments: { seal: Seal; ids: string[]; leaves: Uint8Array; removed: RemovedRecord[] }[];
  /** Of all segments, in no order. */
  documents: Uint8Array[];
}

/** Reads and checks the segments, each by itself. Runs in a thread of the examiner, or wherever it is called. */
export default function examine({ segments, documents }: SegmentsToExamine): ExaminedSegment[] {
  const records = new Map<string, SealableRecord>();
  for (const document of documents) {
    const record = deserialize(document) as unknown as SealableRecord;
    records.set(record._id, record);
  }
  return segments.map(({ seal, ids, leaves: bytes, removed }) => {
    const covered = { ids, leaves: splitHashes(bytes), records: ids.map((id) => records.get(id)) };
    return { seal, findings: checkSegment({ seal, ...covered, removed }) };
  });
}
