import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'bson';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { buildDealHistory } from '../../../test/deal-events.ts';
import { oddRecord } from '../../../test/odd-records.ts';
import { buildLeadEvent } from '../../../test/sealed-trail.ts';
import { logOfEvent } from '../../ingest/log-of-event.ts';
import { hashOfRecord } from '../format/leaf.ts';
import type { SealableRecord } from '../format/record.ts';
import { decodedRecords } from '../format/segment-check.ts';
import { createStamper } from '../stamp.ts';
import { hashOfBson } from './leaf-of-bson.ts';
import { splitDocuments, storedRecords, toStoredRecord } from './stored-record.ts';
import { unusual } from '../../bson-text/unusual.ts';

const { stamp } = createStamper(Buffer.alloc(32, 1));
const events = [...buildDealHistory(5), buildLeadEvent(uuidv7())];
const documents = events.map((event) => Buffer.from(serialize(stamp(logOfEvent(event, new Date())))));

/** What a record comes to: all that a verifier has of it, or why there is none of that. */
function resultOf(read: () => { id: unknown; hash: Buffer; telling: unknown }): unknown {
  try {
    const { hash, ...rest } = read();
    return { hash: hash.toString('hex'), ...rest };
  } catch (error) {
    return String(error);
  }
}

const fast = (bytes: Buffer) => {
  const stored = toStoredRecord(bytes);
  return { id: stored.id, hash: storedRecords.hashOf(stored, 7), telling: storedRecords.telling(stored) };
};
const slow = (bytes: Buffer) => {
  const record = deserialize(bytes) as unknown as SealableRecord;
  return { id: record._id, hash: hashOfRecord(record, 7), telling: decodedRecords.telling(record) };
};

function isUsual(bytes: Buffer): boolean {
  try {
    return hashOfBson(bytes, 7).length > 0;
  } catch (error) {
    if (error === unusual) return false;
    throw error;
  }
}

describe('a stored record', () => {
  it('has the hash of the decoded one, without being decoded', () => {
    for (const bytes of documents) {
      expect(hashOfBson(bytes, 7)).toEqual(slow(bytes).hash);
      expect(toStoredRecord(bytes)).toMatchObject({ mayTell: false });
    }
  });

  it('comes to the same as the decoded one, however odd it is', () => {
    let usual = 0;
    const runs = 1_500;
    fc.assert(
      fc.property(oddRecord, (bytes) => {
        expect(resultOf(() => fast(bytes))).toEqual(resultOf(() => slow(bytes)));
        if (isUsual(bytes)) usual++;
      }),
      { numRuns: runs },
    );
    // Both ways have been compared, not the slow one with itself.
    expect(usual).toBeGreaterThan(runs / 4);
    expect(usual).toBeLessThan(runs);
  });

  it('comes to the same as the decoded one when bytes of it are others', () => {
    const place = fc.nat(5_000);
    const byte = fc.oneof(
      fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 16, 18, 19, 0xff),
      fc.nat(255),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...documents),
        fc.array(fc.tuple(place, byte), { minLength: 1, maxLength: 3 }),
        (document, changes) => {
          const bytes = Buffer.from(document);
          for (const [at, other] of changes) bytes[at % bytes.length] = other;
          expect(resultOf(() => fast(bytes))).toEqual(resultOf(() => slow(bytes)));
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('comes to the same as the decoded one when it is cut off or longer than it says', () => {
    for (const document of documents.slice(0, 2))
      for (let length = 0; length < document.length; length++) {
        const [cut, longer] = [
          document.subarray(0, length),
          Buffer.concat([document, document.subarray(0, length)]),
        ];
        for (const bytes of length === 0 ? [cut] : [cut, longer])
          expect(resultOf(() => fast(bytes))).toEqual(resultOf(() => slow(bytes)));
      }
  });

  it('is found among others that it was sent with', () => {
    const gap = Buffer.from('what stands between them');
    const together = Buffer.concat(documents.flatMap((document) => [gap, document]));
    let end = 0;
    const starts = documents.map(({ length }) => (end += gap.length + length) - length);
    expect(splitDocuments(together, starts)).toEqual(documents);
    expect(splitDocuments(Buffer.alloc(0), [])).toEqual([]);
  });
});
