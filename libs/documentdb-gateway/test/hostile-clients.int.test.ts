import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Document } from 'bson';
import { backendsOf } from './backends.ts';
import { eventually } from './eventually.ts';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';
import { connectRaw, opMsg, opQuery } from './raw-client.ts';

const SLOW = {
  $reduce: { input: { $range: [0, 1_000_000] }, initialValue: 0, in: { $add: ['$$value', '$$this'] } },
};

describe('clients that misbehave', () => {
  let fixture: GatewayFixture;
  beforeAll(async () => {
    fixture = await startFixture();
    await fixture.db.collection('items').insertMany(Array.from({ length: 200 }, (_, i) => ({ i })));
  });
  afterAll(async () => {
    await fixture.close();
  });

  const stillServes = async () => expect(await fixture.db.collection('items').countDocuments()).toBe(200);
  const closedBy = async (bytes: Buffer) => {
    const raw = await connectRaw(fixture.gateway.port);
    raw.send(bytes);
    await raw.closed;
  };

  const ping = opMsg({ ping: 1, $db: 'admin' });
  const changed = (change: (message: Buffer) => void) => {
    const message = Buffer.from(ping);
    change(message);
    return message;
  };
  const garbage: [string, Buffer][] = [
    ['random bytes', Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0x7f]), randomBytes(500)])],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['a negative length', changed((message) => message.writeInt32LE(-5, 0))],
    ['a length below a header', changed((message) => message.writeInt32LE(15, 0))],
    ['an unknown opcode', changed((message) => message.writeInt32LE(2999, 12))],
    ['unknown flags', changed((message) => message.writeUInt32LE(1 << 5, 16))],
    ['an unknown section', changed((message) => message.writeUInt8(9, 20))],
    ['a body longer than its message', changed((message) => message.writeInt32LE(message.length * 2, 21))],
    ['an element type that does not exist', changed((message) => message.writeUInt8(0x44, 25))],
    ['a name without an end', changed((message) => message.fill(0x61, 26))],
  ];
  it.each(garbage)('closes the connection of one that sends %s, and no other', async (_, bytes) => {
    await closedBy(bytes);
    await stillServes();
  });

  it('survives hundreds of damaged messages', async () => {
    // The database's name comes last and stays whole: what is damaged must not end up in another database.
    const command = { insert: 'fuzzed', documents: [{ a: { b: [1, 'two', null] } }] };
    const damageable = opMsg(command).length - 1;
    for (let round = 0; round < 300; round += 1) {
      const raw = await connectRaw(fixture.gateway.port);
      const message = opMsg({ ...command, $db: fixture.db.databaseName });
      for (let i = 0; i < 3; i += 1) {
        message[25 + Math.floor(Math.random() * (damageable - 25))] = Math.floor(Math.random() * 256);
      }
      raw.send(message);
      await Promise.race([raw.closed, raw.reply()]);
      raw.socket.destroy();
    }
    await stillServes();
  });

  it('answers requests that arrive together, byte by byte, and in order', async () => {
    const raw = await connectRaw(fixture.gateway.port);
    const hello = opMsg({ hello: 1, $db: 'admin' });
    raw.send(Buffer.concat([ping, hello, ping]));
    const replies = [await raw.reply(), await raw.reply(), await raw.reply()];
    expect(replies.map((reply) => 'isWritablePrimary' in reply)).toEqual([false, true, false]);
    for (const byte of ping) raw.send(Buffer.of(byte));
    expect(await raw.reply()).toMatchObject({ ok: 1 });
    raw.socket.destroy();
  });

  it('says hello to clients that begin with OP_QUERY', async () => {
    const raw = await connectRaw(fixture.gateway.port);
    raw.send(opQuery({ isMaster: 1, helloOk: true }));
    expect(await raw.reply()).toMatchObject({
      ismaster: true,
      helloOk: true,
      maxWireVersion: 21,
      setName: 'rs0',
    });
    raw.socket.destroy();
  });

  it('forgets a client that vanishes in the middle of a message', async () => {
    const message = opMsg({
      insert: 'vanished',
      documents: [{ text: 'x'.repeat(5_000_000) }],
      $db: fixture.db.databaseName,
    });
    for (const share of [0.001, 0.5, 0.999]) {
      const raw = await connectRaw(fixture.gateway.port);
      raw.send(message.subarray(0, Math.floor(message.length * share)));
      await new Promise((resolve) => setTimeout(resolve, 20));
      raw.socket.resetAndDestroy();
    }
    await stillServes();
    expect(await fixture.db.collection('vanished').countDocuments()).toBe(0);
  });

  it('cancels the query of a client that vanishes while it runs', async () => {
    const raw = await connectRaw(fixture.gateway.port);
    const pipeline: Document[] = [{ $set: { r: SLOW } }, { $group: { _id: null, sum: { $sum: '$r' } } }];
    raw.send(opMsg({ aggregate: 'items', pipeline, cursor: {}, $db: fixture.db.databaseName }));
    const active = async () =>
      (await backendsOf(fixture.applicationName)).filter(({ state }) => state === 'active').length;
    await eventually('the query runs', async () => (await active()) === 1);
    raw.socket.resetAndDestroy();
    await eventually('nothing runs any more', async () => (await active()) === 0);
    await stillServes();
  });

  it('does not hold replies for a client that never reads them', async () => {
    const raw = await connectRaw(fixture.gateway.port);
    raw.socket.pause();
    await fixture.db
      .collection<{ _id: number; text: string }>('heavy')
      .insertOne({ _id: 1, text: 'x'.repeat(1_000_000) });
    const find = opMsg({ find: 'heavy', $db: fixture.db.databaseName });
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 300; i += 1) raw.send(find);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await stillServes();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150_000_000);
    raw.socket.destroy();
  });
});
