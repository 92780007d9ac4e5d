import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { buildDealHistory } from '../../../test/deal-events.ts';
import { buildLeadEvent } from '../../../test/sealed-trail.ts';
import { logOfEvent } from '../../ingest/log-of-event.ts';
import { createStamper } from '../stamp.ts';
import { hashOfLeaf, hashOfRecord, leafOf, saltsOf } from './leaf.ts';

const { stamp } = createStamper(Buffer.alloc(32, 1));
const receivedAt = new Date('2026-03-01T10:00:00.000Z');
const events = [...buildDealHistory(3), buildLeadEvent(uuidv7())];
const records = events.map((event) => stamp(logOfEvent(event, receivedAt)));

describe('the leaf of a record', () => {
  it('has the hash of its canonical JSON', () => {
    for (const record of records) expect(hashOfRecord(record, 7)).toEqual(hashOfLeaf(leafOf(record, 7)));
  });

  it('is the same for a record that has been JSON in between, whatever the order of its members', () => {
    for (const record of records) {
      const reversed = Object.fromEntries(Object.entries(record).reverse());
      const copy = JSON.parse(JSON.stringify(reversed)) as typeof record;
      expect(hashOfRecord(copy, 7)).toEqual(hashOfRecord(record, 7));
    }
  });

  it('is for ever what it was: records sealed years ago must verify', () => {
    const record = {
      _id: 'lead:1:2',
      ...{ tenantId: 't', entityType: 'lead', entityId: '1', version: 2, action: 'updated' },
      time: new Date('2026-03-01T10:00:00.000Z'),
      actor: { type: 'user', id: 'u', name: 'Zoë "Z"', role: 'sales' },
      before: { name: 'Ann', email: null, tags: ['a', 'b'], score: 1.5 },
      after: { name: 'Anne', email: null, tags: ['a', 'b'], score: 2 },
      changes: [
        { field: 'name', before: 'Ann', after: 'Anne' },
        { field: 'score', before: 1, after: 2 },
      ],
      context: { ip: '192.0.2.1', requestId: 'r' },
      words: ['anne'],
      salt: '000102030405060708090a0b0c0d0e0f',
    };
    const sealed = 'e61865a95096140ea6f0707a85189921e9752aa4e583c7343370ce1f37d3cae3';
    expect(hashOfRecord(record, 7).toString('hex')).toBe(sealed);
  });

  it('shows no value, and hides equal values of two records behind different commitments', () => {
    const event = buildLeadEvent(uuidv7());
    const [one, two] = [
      leafOf(stamp(logOfEvent(event, receivedAt)), 1),
      leafOf(stamp(logOfEvent(event, receivedAt)), 1),
    ];
    expect(JSON.stringify(one)).not.toMatch(/Ann|lee|198\.51/);
    for (const path of Object.keys(one.values)) expect(one.values[path]).not.toBe(two.values[path]);
  });

  it('is not met by a commitment that pretends to be several', () => {
    const record = records[3] as (typeof records)[number];
    const { values } = leafOf(record, 1);
    // The line behind `before.email` is dropped, and the commitment of `before.email` made to carry it.
    const [path, dropped] = ['before.email', 'both.customFields'];
    expect(Object.keys(values).sort().indexOf(dropped)).toBe(Object.keys(values).sort().indexOf(path) + 1);
    const commitment = `${values[path]}","${dropped}":"${values[dropped]}`;
    const salts = [...saltsOf(record, Object.keys(values))].map(([name, salt]) => ({ path: name, salt }));
    const erased = { values: [{ path, commitment, by: 'x' }], salts };
    const changes = record.changes.map((change) => ({ ...change, before: null }));
    const before = { ...record.before, email: null };
    const forged: typeof record = structuredClone({ ...record, erased, changes, before });
    delete forged.before?.customFields;
    delete forged.after?.customFields;
    expect(hashOfRecord(forged, 1)).not.toEqual(hashOfRecord(record, 1));
  });
});
