import { createLogger, recordsReadHeader } from '@pipedesk/service-kit';
import { eventually } from '@pipedesk/testing';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { shareCounters } from '../src/limits/shared-counters.ts';
import { type KeyValueServer, startKeyValueServer } from './key-value-server.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { buildPerson } from './tokens.ts';

const running: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

const log = createLogger('api-gateway', 'silent');

async function startStore(port?: number): Promise<KeyValueServer> {
  const store = await startKeyValueServer(port);
  running.push(store.stop);
  return store;
}

/** A gateway that shares three reads a minute with whoever uses the same store. */
async function startSharing(url: string): Promise<Gateway> {
  const gateway = await startGateway({ quotas: { read: 3 }, readQuotas: { sales: 3 } });
  const { counters } = gateway;
  const sharing = shareCounters({ url, counters, log, metrics: gateway.metrics, every: 20 });
  running.push(gateway.stop, sharing.close);
  return gateway;
}

const isShared = async (gateway: Gateway) =>
  (await gateway.metrics.metrics()).includes('pipedesk_rate_limit_store_connected{service="api-gateway"} 1');

async function untilShared(...gateways: Gateway[]): Promise<void> {
  for (const gateway of gateways)
    await eventually(async () => {
      expect(await isShared(gateway)).toBe(true);
    });
}

describe('two gateways with one store', () => {
  it('have one limit between them', async () => {
    const { url, values, expiries } = await startStore();
    const [one, other] = [await startSharing(url), await startSharing(url)];
    await untilShared(one, other);
    const { token, userId } = buildPerson();
    await one.get('/deals', token);
    await one.get('/deals', token);
    await eventually(() => {
      expect([...values].find(([key]) => key.endsWith(userId))?.[1]).toBe(2);
    });
    expect((await other.get('/deals', token)).status).toBe(200);
    await eventually(() => {
      expect([...values].find(([key]) => key.endsWith(userId))?.[1]).toBe(3);
    });
    expect((await other.get('/deals', token)).status).toBe(429);
    expect(new Set(expiries.values())).toEqual(new Set([120_000]));
  });

  it('share what was read in an hour as well', async () => {
    const { url, values, expiries } = await startStore();
    const [one, other] = [await startSharing(url), await startSharing(url)];
    await untilShared(one, other);
    const { token, userId } = buildPerson({ role: 'sales' });
    for (const { upstreams } of [one, other])
      upstreams.crm.answer((_req, res) => void res.writeHead(200, { [recordsReadHeader]: '2' }).end());
    await one.get('/deals', token);
    await eventually(() => {
      const [key = '', value] = [...values].find(([name]) => name.includes(':records:')) ?? [];
      expect([key.endsWith(userId), value, expiries.get(key)]).toEqual([true, 2, 7_200_000]);
    });
    expect((await other.get('/deals', token)).status).toBe(200);
    await eventually(() => {
      expect(other.counters.get('records')?.used(userId)).toBe(4);
    });
    expect((await other.get('/deals', token)).status).toBe(429);
  });
});

describe('without the store', () => {
  it('that was never there, each gateway counts alone', async () => {
    const gateway = await startSharing('redis://127.0.0.1:9');
    const { token } = buildPerson();
    const statuses = [];
    for (let time = 0; time < 4; time++) statuses.push((await gateway.get('/deals', token)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  it('that goes away, counts go on, one line says so, and its return is noticed', async () => {
    const warn = jest.spyOn(log, 'warn');
    const store = await startStore();
    const gateway = await startSharing(store.url);
    await untilShared(gateway);
    const { token } = buildPerson();
    for (let time = 0; time < 3; time++) await gateway.get('/deals', token);
    await store.stop();
    await eventually(async () => {
      expect(await isShared(gateway)).toBe(false);
    });
    expect((await gateway.get('/deals', token)).status).toBe(429);
    expect((await gateway.get('/deals', buildPerson().token)).status).toBe(200);
    await startStore(Number(new URL(store.url).port));
    await untilShared(gateway);
    expect((await gateway.get('/deals', token)).status).toBe(429);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });
});
