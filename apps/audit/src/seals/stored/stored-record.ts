import { deserialize } from 'bson';
import { hashOfRecord } from '../format/leaf.ts';
import type { SealableRecord } from '../format/record.ts';
import { decodedRecords, type RecordReader } from '../format/segment-check.ts';
import {
  bsonType,
  documentOf,
  type Element,
  int32At,
  memberOf,
  membersOf,
} from '../../bson-text/elements.ts';
import { hashOfBson } from './leaf-of-bson.ts';
import { unusual, usually } from '../../bson-text/unusual.ts';

/** The length of an empty document. */
const shortest = 5;

/** A record as the database wrote it: BSON, of which nothing is decoded that need not be. */
export interface StoredRecord {
  id: string;
  bytes: Buffer;
  /** Tells of an erasure or removal, or may; no other needs to be decoded for what it tells. */
  mayTell: boolean;
}

export function toStoredRecord(bytes: Buffer): StoredRecord {
  return usually(
    () => ({ bytes, ...glanceAt(bytes) }),
    () => ({ bytes, id: decode(bytes)._id, mayTell: true }),
  );
}

/** Reads stored records without decoding them. Whatever is unusual about one is for the reader of decoded records to judge. */
export const storedRecords: RecordReader<StoredRecord> = {
  hashOf: ({ bytes }, seq) =>
    usually(
      () => hashOfBson(bytes, seq),
      () => hashOfRecord(decode(bytes), seq),
    ),
  telling: ({ bytes, mayTell }) => (mayTell ? decodedRecords.telling(decode(bytes)) : undefined),
};

/** The documents that begin at these places, each as long as it says there: the driver cuts them by the same number. */
export function splitDocuments(documents: Uint8Array, starts: number[]): Buffer[] {
  const all = Buffer.from(documents.buffer, documents.byteOffset, documents.byteLength);
  return starts.map((start) => all.subarray(start, start + Math.max(int32At(all, start), shortest)));
}

function glanceAt(bytes: Buffer): Omit<StoredRecord, 'bytes'> {
  const members = membersOf(bytes, documentOf(bytes));
  const id = asciiOf(bytes, memberOf(members, '_id'));
  const shown = { _id: id, tenantId: '', entityType: asciiOf(bytes, memberOf(members, 'entityType')) };
  const isErased = memberOf(members, 'erased') !== undefined;
  return { id, mayTell: isErased || decodedRecords.telling(shown) !== undefined };
}

function asciiOf(bytes: Buffer, element: Element | undefined): string {
  const text =
    element?.type === bsonType.string ? bytes.toString('latin1', element.start + 4, element.end) : '';
  if (!/^[ -~]+\0$/.test(text)) throw unusual;
  return text.slice(0, -1);
}

function decode(bytes: Buffer): SealableRecord {
  return deserialize(bytes) as unknown as SealableRecord;
}
