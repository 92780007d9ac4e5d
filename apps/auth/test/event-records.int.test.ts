import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Connection, connectMongo, createOutbox, migrate } from '@pipedesk/mongo';
import { createLogger } from '@pipedesk/service-kit';
import { eventually } from '@pipedesk/testing';
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { createEventRecordSweep, eventRecordMigrations } from '../src/event-records/event-records.ts';
import { createLoginAttempts } from '../src/login-attempts/login-attempts.ts';
import { migrations } from '../src/migrations.ts';
import { given } from './start-auth.ts';

const log = createLogger('auth', 'silent');
const outbox = createOutbox();
let connection: Connection;
beforeAll(async () => {
  const database = `auth_test_${randomUUID().slice(0, 8)}`;
  connection = await connectMongo({ uri: given('MONGODB_URI'), database, log });
  await migrate(connection, migrations, log);
});
afterAll(async () => {
  await connection.dropDatabase();
  await connection.close();
});

const count = () => connection.collection('login_attempts').countDocuments();

/** The sweep as it is in so many days. */
function sweepIn(days: number): Promise<void> {
  const clock = () => new Date(Date.now() + days * 86_400_000);
  const sweep = createEventRecordSweep({ connection, clock, log });
  sweep.close();
  return sweep.sweep();
}

/** What the relay is told when audit has stored everything that waits. */
async function deliver(): Promise<void> {
  for await (const events of outbox.pending(new Date(Date.now() + 1_000), 100))
    await outbox.remove(events.map(({ id }) => id));
}

describe('a record that is written for its event alone', () => {
  it('goes when it is old, and never before audit has its event', async () => {
    const attempts = createLoginAttempts({ connection, outbox }, log);
    const owner = { tenantId: uuidv7(), userId: uuidv7() };
    attempts.failed(owner, { ip: null, userAgent: null, requestId: 'r' }, 'wrong_password');
    await eventually(async () => {
      expect(await count()).toBe(1);
    });
    await sweepIn(1_000);
    expect(await count()).toBe(1);
    await deliver();
    await sweepIn(89);
    expect(await count()).toBe(1);
    await sweepIn(91);
    expect(await count()).toBe(0);
  });

  it('is removed by no index, also where one did that before', async () => {
    const { db } = connection;
    const ttl = { name: 'expired', expireAfterSeconds: 90 * 86_400 };
    await db?.collection('login_attempts').dropIndex('created');
    await db?.collection('login_attempts').createIndex({ createdAt: 1 }, ttl);
    await db?.collection<{ _id: string }>('migrations').deleteOne({ _id: '2026-11-26-swept-records' });
    await migrate(connection, eventRecordMigrations, log);
    for (const name of ['login_attempts', 'access_refusals', 'legacy_accesses']) {
      const indexes = (await db?.collection(name).indexes()) ?? [];
      expect(indexes.map((index) => index.name)).toContain('created');
      expect(indexes.filter(({ expireAfterSeconds }) => expireAfterSeconds !== undefined)).toEqual([]);
    }
  });
});
