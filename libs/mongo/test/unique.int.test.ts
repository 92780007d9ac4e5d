import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Connection,
  createAuditedRepository,
  createOutbox,
  keepUnique,
  type RecordBase,
} from '../src/index.ts';
import { buildContext, openDatabase } from './fixture.ts';

interface Part extends RecordBase {
  number: string | null;
  note: string | null;
}

let connection: Connection;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ connection, close } = await openDatabase());
});
afterAll(() => close());

const fields = { number: { type: String, default: null }, note: { type: String, default: null } };
const definition = () => ({
  connection,
  outbox: createOutbox(),
  entityType: 'deal' as const,
  collection: 'parts',
  fields,
});
const collection = () =>
  connection.getClient().db(connection.name).collection<{ _id: string; _unique?: string }>('parts');

describe('records from before their numbers were unique', () => {
  it('keep them; the oldest of doubles has its to itself, and all can still be changed', async () => {
    const context = buildContext();
    // As the service was before: without `unique`.
    const before = createAuditedRepository<Part>(definition());
    const make = async (number: string | null) =>
      (await before.create(context, { number, note: null })).record.id;
    const [first, double, other, none] = [
      await make('1'),
      await make('1'),
      await make('2'),
      await make(null),
    ];
    const gone = await make('3');
    await before.remove(context, gone, {});
    connection.deleteModel('deal');
    for (let times = 0; times < 2; times++) await keepUnique(collection(), 'number');
    const unique = async (id: string) => (await collection().findOne({ _id: id }))?._unique;
    expect(await Promise.all([first, double, other, none, gone].map(unique))).toEqual([
      '1',
      undefined,
      '2',
      undefined,
      undefined,
    ]);
    const parts = createAuditedRepository<Part>({ ...definition(), unique: ({ number }) => number });
    for (const id of [first, double, other, none])
      await parts.change(context, id, {}, (part) => void (part.note = 'still'));
    await expect(parts.create(context, { number: '1', note: null })).rejects.toMatchObject({ code: 11000 });
    await expect(parts.change(context, double, {}, (part) => void (part.number = '2'))).rejects.toMatchObject(
      {
        code: 11000,
      },
    );
    await parts.change(context, double, {}, (part) => void (part.number = '4'));
    await parts.remove(context, double, {});
    await parts.create(context, { number: '4', note: null });
    await expect(parts.restore(context, double, {})).rejects.toMatchObject({ code: 11000 });
    expect((await collection().findOne({ _id: double }))?._unique).toBeUndefined();
    const elsewhere = await parts.create(buildContext(), { number: '1', note: null });
    expect(elsewhere.record.number).toBe('1');
  });
});
