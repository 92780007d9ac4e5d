import { splitHashes } from './format/merkle.ts';
import type { RemovedRecord } from './format/removed.ts';
import type { Seal } from './format/seal.ts';
import { checkSegmentBy, type SegmentFindings } from './format/segment-check.ts';
import { splitDocuments, storedRecords, toStoredRecord } from './stored/stored-record.ts';

export interface ExaminedSegment {
  seal: Seal;
  findings: SegmentFindings;
}

/** Segments as they go to a thread: nothing in it is of a class, and the records are still BSON. */
export interface SegmentsToExamine {
  segments: { seal: Seal; ids: string[]; leaves: Uint8Array; removed: RemovedRecord[] }[];
  /** The records of all segments, in no order, in memory that is given away with them. */
  documents: Uint8Array<ArrayBuffer>;
  /** Where each begins. */
  starts: number[];
}

/** Reads and checks the segments, each by itself. Runs in a thread of the examiner, or wherever it is called. */
export default function examine({ segments, documents, starts }: SegmentsToExamine): ExaminedSegment[] {
  const records = new Map(
    splitDocuments(documents, starts)
      .map(toStoredRecord)
      .map((record) => [record.id, record]),
  );
  return segments.map(({ seal, ids, leaves: bytes, removed }) => {
    const covered = { ids, leaves: splitHashes(bytes), records: ids.map((id) => records.get(id)) };
    return { seal, findings: checkSegmentBy(storedRecords, { seal, ...covered, removed }) };
  });
}
