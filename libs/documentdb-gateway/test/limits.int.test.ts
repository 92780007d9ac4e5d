import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';
import { connectRaw, opMsgWithSequence } from './raw-client.ts';

const MESSAGE_LIMIT = 48_000_000;
const DOCUMENT_LIMIT = 16 * 1024 * 1024;

describe('size limits', () => {
  let fixture: GatewayFixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.close());

  /** An insert of four documents that is exactly so many bytes long. */
  const insertOf = (bytes: number) => {
    const insert = (filling: number) =>
      opMsgWithSequence({ insert: 'big', $db: fixture.db.databaseName }, 'documents', [
        ...[0, 1, 2].map((i) => ({ _id: `${bytes}-${i}`, text: 'x'.repeat(15_000_000) })),
        { _id: `${bytes}-rest`, text: 'y'.repeat(filling) },
      ]);
    return insert(bytes - insert(0).length);
  };

  it('tells drivers its limits', async () => {
    expect(await fixture.db.admin().command({ hello: 1 })).toMatchObject({
      maxBsonObjectSize: DOCUMENT_LIMIT,
      maxMessageSizeBytes: MESSAGE_LIMIT,
      maxWriteBatchSize: 100_000,
    });
  });

  it('takes a message of exactly 48,000,000 bytes', async () => {
    const raw = await connectRaw(fixture.gateway.port);
    const message = insertOf(MESSAGE_LIMIT);
    expect(message).toHaveLength(MESSAGE_LIMIT);
    raw.send(message);
    expect(await raw.reply()).toMatchObject({ n: 4, ok: 1 });
    raw.socket.destroy();
  });

  it('closes the connection on a larger one, before reading it, and stores nothing', async () => {
    const raw = await connectRaw(fixture.gateway.port);
    raw.send(insertOf(MESSAGE_LIMIT + 1).subarray(0, 100));
    await raw.closed;
    expect(
      await fixture.db.collection('big').countDocuments({ _id: `${MESSAGE_LIMIT + 1}-rest` as never }),
    ).toBe(0);
  });

  it('reads back large documents over several batches, each below 16 MB or of one document', async () => {
    const sizes = await fixture.db
      .collection('big')
      .find({ _id: { $in: [0, 1, 2].map((i) => `${MESSAGE_LIMIT}-${i}`) as never[] } })
      .map(({ text }) => (text as string).length)
      .toArray();
    expect(sizes).toEqual([15_000_000, 15_000_000, 15_000_000]);
  });

  it('takes an insertMany that the driver has to split', async () => {
    const chunks = fixture.db.collection<{ _id: number; text: string }>('chunks');
    const text = 'z'.repeat(1_000_000);
    await chunks.insertMany(Array.from({ length: 100 }, (_, _id) => ({ _id, text })));
    expect(await chunks.countDocuments()).toBe(100);
    const found = await chunks.find().sort({ _id: 1 }).toArray();
    expect(found.map(({ _id }) => _id)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  }, 120_000);

  it('refuses a document above 16 MB', async () => {
    const raw = await connectRaw(fixture.gateway.port);
    const documents = [{ _id: 'too-big', text: 'x'.repeat(DOCUMENT_LIMIT) }];
    raw.send(opMsgWithSequence({ insert: 'big', $db: fixture.db.databaseName }, 'documents', documents));
    expect(await raw.reply()).toMatchObject({ ok: 0, code: 2, codeName: 'BadValue' });
    raw.socket.destroy();
  });

  it('takes 100,000 small documents in one batch', async () => {
    const { insertedCount } = await fixture.db
      .collection('small')
      .insertMany(Array.from({ length: 100_000 }, (_, n) => ({ n })));
    expect(insertedCount).toBe(100_000);
    expect(await fixture.db.collection('small').countDocuments()).toBe(100_000);
  }, 120_000);
});
