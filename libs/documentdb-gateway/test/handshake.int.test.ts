import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';

describe('how clients find the gateway', () => {
  let fixture: GatewayFixture;
  beforeAll(async () => {
    fixture = await startFixture();
  });
  afterAll(() => fixture.close());

  const addresses: [string, (port: number) => string][] = [
    ['directly', (port) => `mongodb://127.0.0.1:${port}/?directConnection=true`],
    ['as a replica set', (port) => `mongodb://127.0.0.1:${port}/?replicaSet=rs0`],
    ['by name, as whatever it is', (port) => `mongodb://localhost:${port}/`],
  ];
  it.each(addresses)('lets a driver connect %s, and read and write', async (how, uriFor) => {
    const client = await new MongoClient(uriFor(fixture.gateway.port), {
      serverSelectionTimeoutMS: 3_000,
    }).connect();
    const items = client.db(fixture.db.databaseName).collection<{ _id: string }>('items');
    await items.insertOne({ _id: how });
    expect(await items.findOne({ _id: how })).toEqual({ _id: how });
    await client.close();
  });

  it('answers what drivers and shells ask about a server', async () => {
    const admin = fixture.client.db('admin');
    expect(await admin.command({ hello: 1 })).toMatchObject({
      isWritablePrimary: true,
      maxWireVersion: 21,
      ok: 1,
    });
    expect(await admin.command({ isMaster: 1 })).toMatchObject({ ismaster: true });
    expect(await admin.command({ buildInfo: 1 })).toMatchObject({
      version: '7.0.0',
      versionArray: [7, 0, 0, 0],
    });
    expect(await admin.command({ getParameter: 1, featureCompatibilityVersion: 1 })).toMatchObject({
      featureCompatibilityVersion: { version: '7.0' },
    });
    expect(await admin.command({ ping: 1 })).toEqual({ ok: 1 });
  });
});
