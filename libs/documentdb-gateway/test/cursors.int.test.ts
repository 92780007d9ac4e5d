import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Long, type Collection } from 'mongodb';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';

const DOCUMENTS = 2_500;
const threeDocuments = [{ $documents: [1, 2, 3].map((n) => ({ n })) }];

describe('cursors', () => {
  let fixture: GatewayFixture;
  let numbers: Collection;
  beforeAll(async () => {
    fixture = await startFixture();
    numbers = fixture.db.collection('numbers');
    await numbers.insertMany(Array.from({ length: DOCUMENTS }, (_, n) => ({ n, group: n % 7 })));
  });
  afterAll(() => fixture.close());

  const openCursor = async () => {
    const reply = await fixture.db.command({ find: 'numbers', batchSize: 2, sort: { n: 1 } });
    return (reply.cursor as { id: Long | number }).id;
  };
  const getMore = (id: Long | number) =>
    fixture.db.command({ getMore: Long.fromValue(id), collection: 'numbers', batchSize: 2 });

  it('reads everything over many batches, each document once', async () => {
    const found = await numbers.find({}, { batchSize: 70 }).toArray();
    expect(new Set(found.map(({ n }) => n as number)).size).toBe(DOCUMENTS);
    expect(found).toHaveLength(DOCUMENTS);
  });

  it('keeps the order of a sort over many batches', async () => {
    const found = await numbers.find({}, { batchSize: 70 }).sort({ group: 1, n: -1 }).toArray();
    const expected = Array.from({ length: DOCUMENTS }, (_, n) => n).sort(
      (a, b) => (a % 7) - (b % 7) || b - a,
    );
    expect(found.map(({ n }) => n as number)).toEqual(expected);
  });

  it('reads a grouped aggregation over many batches', async () => {
    const groups = await numbers.aggregate([{ $group: { _id: '$n' } }], { batchSize: 70 }).toArray();
    expect(new Set(groups.map(({ _id }) => _id as number)).size).toBe(DOCUMENTS);
  });

  it('honours limit, skip and projection', async () => {
    const page = await numbers
      .find({}, { projection: { _id: 0, n: 1 }, batchSize: 3 })
      .sort({ n: 1 })
      .skip(5)
      .limit(7)
      .toArray();
    expect(page).toEqual([5, 6, 7, 8, 9, 10, 11].map((n) => ({ n })));
  });

  it('serves many open cursors side by side', async () => {
    const cursors = Array.from({ length: 40 }, () => numbers.find({}, { batchSize: 5 }).sort({ n: 1 }));
    for (let expected = 0; expected < 20; expected += 1) {
      const batch = await Promise.all(cursors.map((cursor) => cursor.next()));
      expect(batch.map((document) => document?.n as number)).toEqual(cursors.map(() => expected));
    }
    await Promise.all(cursors.map((cursor) => cursor.close()));
  });

  it('answers 43 for a cursor that was killed', async () => {
    const id = await openCursor();
    const killed = await fixture.db.command({
      killCursors: 'numbers',
      cursors: [Long.fromValue(id), Long.fromNumber(12)],
    });
    expect([killed.cursorsKilled, killed.cursorsNotFound].map((ids: unknown[]) => ids.map(String))).toEqual([
      [String(id)],
      ['12'],
    ]);
    await expect(getMore(id)).rejects.toMatchObject({ code: 43, codeName: 'CursorNotFound' });
  });

  it('ends a cursor that nobody reads on', async () => {
    const impatient = await startFixture({ cursorIdleMs: 500 });
    try {
      const { cursor } = await impatient.db
        .admin()
        .command({ aggregate: 1, pipeline: threeDocuments, cursor: { batchSize: 1 } });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const more = impatient.db
        .admin()
        .command({ getMore: Long.fromValue((cursor as { id: Long }).id), collection: '$cmd.aggregate' });
      await expect(more).rejects.toMatchObject({ code: 43 });
    } finally {
      await impatient.close();
    }
  });

  it('ends the cursors of a client that went away, unless another connection claims them', async () => {
    const patient = await startFixture({ cursorIdleMs: 60_000, cursorOrphanMs: 200 });
    try {
      const leaver = await patient.connect();
      const open = async () => {
        const reply = await leaver.db('admin').command({
          aggregate: 1,
          pipeline: threeDocuments,
          cursor: { batchSize: 1 },
        });
        return Long.fromValue((reply.cursor as { id: Long }).id);
      };
      const [claimed, left] = [await open(), await open()];
      const more = (id: Long) =>
        patient.client.db('admin').command({ getMore: id, collection: '$cmd.aggregate', batchSize: 1 });
      expect(await more(claimed)).toMatchObject({ cursor: { nextBatch: [{ n: 2 }] } });
      await leaver.close();
      await new Promise((resolve) => setTimeout(resolve, 500));
      await expect(more(left)).rejects.toMatchObject({ code: 43 });
      expect(await more(claimed)).toMatchObject({ cursor: { nextBatch: [{ n: 3 }] } });
    } finally {
      await patient.close();
    }
  });
});
