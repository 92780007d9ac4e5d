import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Connection, migrate, type Migration } from '../src/index.ts';
import { openDatabase, silent, stored } from './fixture.ts';

let connection: Connection;
let close: () => Promise<void>;
let ran: string[];

beforeAll(async () => ({ connection, close } = await openDatabase()));
beforeEach(async () => {
  ran = [];
  await stored(connection, 'migrations').deleteMany({});
});
afterAll(() => close());

const step = (id: string): Migration => ({ id, up: () => Promise.resolve(ran.push(id)) });

describe('migrate', () => {
  it('runs each step once, in the order of the ids', async () => {
    await migrate(connection, [step('2026-12-01-c'), step('2026-11-01-a'), step('2026-11-02-b')], silent);
    await migrate(connection, [step('2026-11-01-a'), step('2026-12-02-d')], silent);
    expect(ran).toEqual(['2026-11-01-a', '2026-11-02-b', '2026-12-01-c', '2026-12-02-d']);
  });

  it('stops at a step that fails and goes on from there the next time', async () => {
    const broken: Migration = { id: '2026-11-02-b', up: () => Promise.reject(new Error('no disk')) };
    const attempt = migrate(connection, [step('2026-11-01-a'), broken, step('2026-11-03-c')], silent);
    await expect(attempt).rejects.toThrow('no disk');
    await migrate(connection, [step('2026-11-01-a'), step('2026-11-02-b'), step('2026-11-03-c')], silent);
    expect(ran).toEqual(['2026-11-01-a', '2026-11-02-b', '2026-11-03-c']);
  });

  it('survives two replicas that start at once', async () => {
    const indexes: Migration = {
      id: '2026-11-01-indexes',
      up: (db) => db.collection('things').createIndex({ name: 1 }, { name: 'by_name', unique: true }),
    };
    await Promise.all([migrate(connection, [indexes], silent), migrate(connection, [indexes], silent)]);
    const found = await stored(connection, 'things').indexes();
    expect(found.map(({ name }) => name)).toEqual(['_id_', 'by_name']);
    expect(await stored(connection, 'migrations').countDocuments()).toBe(1);
  });
});
