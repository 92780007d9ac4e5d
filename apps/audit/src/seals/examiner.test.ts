import { afterAll, describe, expect, it } from '@jest/globals';
import { serialize } from 'bson';
import { mongo } from 'mongoose';
import { v7 as uuidv7 } from 'uuid';
import { buildDealHistory } from '../../test/deal-events.ts';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { logOfEvent } from '../ingest/log-of-event.ts';
import { createExaminer } from './examiner.ts';
import { hashOfRecord } from './format/leaf.ts';
import { merkleRoot } from './format/merkle.ts';
import type { RemovedRecord } from './format/removed.ts';
import type { StoredSeal } from './seal.store.ts';
import { createStamper } from './stamp.ts';

const { stamp } = createStamper(Buffer.alloc(32, 1));
const tenantId = uuidv7();
const perSegment = 4;

/** A chain's segments with their records; each is a group of its own. */
function buildChain(segments: number) {
  const documents = new Map<string, AuditLog>();
  const seals = Array.from({ length: segments }, (_, index): StoredSeal => {
    const firstSeq = index * perSegment + 1;
    const events = buildDealHistory(perSegment, { tenantId });
    const records = events.map((event) => stamp(logOfEvent(event, new Date())));
    for (const record of records) documents.set(record._id, record);
    const leaves = records.map((record, place) => hashOfRecord(record, firstSeq + place));
    return {
      _id: String(index),
      ...{
        v: 1,
        tenantId,
        segment: index + 1,
        firstSeq,
        lastSeq: firstSeq + perSegment - 1,
        count: perSegment,
      },
      ...{ root: merkleRoot(leaves).toString('hex'), previous: '', sealedAt: '', keyId: '', signature: '' },
      ids: records.map(({ _id }) => _id),
      leaves: new mongo.Binary(Buffer.concat(leaves)),
    };
  });
  return { seals, documents };
}

const noStubs = () => Promise.resolve(new Map<string, RemovedRecord[]>());
const closing: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(closing.map((close) => close())));

type Pack = (documents: Uint8Array[]) => Uint8Array[];
const apart: Pack = (documents) => documents;

/** As the driver has the documents of a large batch: within the message that they came in. */
const withinOne: Pack = (documents) => {
  const message = new ArrayBuffer(256 * 1_024);
  let at = 0;
  return documents.map((document) => {
    const place = new Uint8Array(message, (at += 7), document.length);
    place.set(document);
    at += document.length;
    return place;
  });
};

function examinerOf({ seals, documents }: ReturnType<typeof buildChain>, pack = apart) {
  let read = 0;
  const examiner = createExaminer({
    groups: async function* () {
      for (const seal of seals) yield await Promise.resolve([seal]);
    },
    stubsOf: noStubs,
    rawRecords: (ids) => {
      read++;
      const found = ids.flatMap((id) => documents.get(id) ?? []);
      return Promise.resolve(pack(found.map((record) => serialize(record))));
    },
  });
  closing.push(examiner.close);
  return { ...examiner, reads: () => read };
}

async function all<T>(some: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of some) found.push(one);
  return found;
}

describe.each([
  ['in this thread', 1, apart],
  ['in others', 9, apart],
  ['in others, with the memory they came in', 9, withinOne],
])('%s', (_, segments, pack) => {
  it('finds every segment as it was sealed, in order', async () => {
    const examiner = examinerOf(buildChain(segments), pack);
    const found = await all(examiner.examine(tenantId, { from: 1, to: segments }));
    expect(found.map(({ seal }) => seal.segment)).toEqual(Array.from({ length: segments }, (_, n) => n + 1));
    for (const { findings } of found)
      expect(findings).toEqual({ records: perSegment, removed: 0, flaws: [], accounting: [], taken: [] });
  });

  it('finds what was changed, taken away and listed otherwise', async () => {
    const chain = buildChain(segments);
    const last = chain.seals.at(-1) as StoredSeal;
    const [changed = '', gone = ''] = last.ids;
    (chain.documents.get(changed) as AuditLog).action = 'deleted';
    chain.documents.delete(gone);
    last.root = '00';
    const found = await all(examinerOf(chain, pack).examine(tenantId, { from: 1, to: segments }));
    const place = { segment: segments };
    expect(found.at(-1)?.findings.flaws).toMatchObject([
      { ...place, kind: 'tree_changed', seq: null },
      { ...place, kind: 'record_changed', seq: last.firstSeq, recordId: changed },
      { ...place, kind: 'record_missing', seq: last.firstSeq + 1, recordId: gone },
    ]);
    for (const { findings } of found.slice(0, -1)) expect(findings.flaws).toEqual([]);
  });
});

it('reads no further than somebody waits for', async () => {
  const examiner = examinerOf(buildChain(40));
  for await (const { seal } of examiner.examine(tenantId, { from: 1, to: 40 })) if (seal.segment === 2) break;
  expect(examiner.reads()).toBeLessThan(20);
});

it('fails when the records cannot be read', async () => {
  const { seals } = buildChain(3);
  const examiner = createExaminer({
    groups: async function* () {
      for (const seal of seals) yield await Promise.resolve([seal]);
    },
    stubsOf: noStubs,
    rawRecords: () => Promise.reject(new Error('the database is gone')),
  });
  closing.push(examiner.close);
  await expect(all(examiner.examine(tenantId, { from: 1, to: 3 }))).rejects.toThrow('the database is gone');
});
