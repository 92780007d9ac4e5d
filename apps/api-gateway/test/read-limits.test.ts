import type { RefusalReport, Role } from '@pipedesk/contracts';
import { createRefusalLog, createLogger, createMetrics, recordsReadHeader } from '@pipedesk/service-kit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RequestListener } from 'node:http';
import { v7 as uuidv7 } from 'uuid';
import { configSchema, readQuotasOf } from '../src/config.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { buildItem, serveHistory } from './timeline-services.ts';
import { buildPerson } from './tokens.ts';

let gateway: Gateway | undefined;
afterEach(() => gateway?.stop());

/** A page of a list as services answer it, which tells how many records it has. */
const page =
  (records: number, status = 200): RequestListener =>
  (_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json', [recordsReadHeader]: String(records) });
    res.end('{}');
  };

async function started(options: Parameters<typeof startGateway>[0] = {}): Promise<Gateway> {
  gateway = await startGateway({ readQuotas: { sales: 100 }, ...options });
  gateway.upstreams.crm.answer(page(50));
  gateway.upstreams.audit.answer(page(50));
  return gateway;
}

async function statuses(times: number, path: string, token: string): Promise<number[]> {
  const seen: number[] = [];
  for (let time = 0; time < times; time++) seen.push((await gateway?.get(path, token))?.status ?? 0);
  return seen;
}

describe('somebody who pages through everything they may read', () => {
  it('is refused once their role has had its records of the hour, and told when to come back', async () => {
    const { get } = await started();
    const { token } = buildPerson({ role: 'sales' });
    expect(await statuses(2, '/deals?limit=50', token)).toEqual([200, 200]);
    const refused = await get('/deals?limit=50', token);
    expect(await refused.json()).toMatchObject({ status: 429, code: 'rate_limited', limit: 'records' });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit-policy')).toBe('"records";q=100;w=3600');
    expect(refused.headers.get('ratelimit')).toMatch(/^"records";r=0;t=\d+$/);
  });

  it('is refused whatever they read next, timelines as well, and neither what they write nor who they are', async () => {
    const { get, url, upstreams } = await started();
    const { token } = buildPerson({ role: 'sales' });
    await statuses(2, '/deals', token);
    const before = upstreams.crm.requests.length;
    for (const path of ['/leads', '/contacts/1', '/calendar/events', '/audit-logs', '/timeline/deal/1'])
      expect([path, (await get(path, token)).status]).toEqual([path, 429]);
    expect(upstreams.crm.requests).toHaveLength(before);
    expect((await get('/auth/me', token)).status).toBe(200);
    const written = await fetch(`${url}/deals`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(written.status).toBe(200);
  });

  it('uses up their own records: a colleague reads on', async () => {
    await started();
    const { token, tenantId } = buildPerson({ role: 'sales' });
    await statuses(3, '/deals', token);
    expect(await statuses(1, '/deals', buildPerson({ role: 'sales', tenantId }).token)).toEqual([200]);
  });

  it('with others together has what their tenant may read', async () => {
    await started({ readQuotas: { sales: 80, tenant: 160 } });
    const { tenantId } = buildPerson();
    const people = Array.from({ length: 3 }, () => buildPerson({ role: 'sales', tenantId }));
    const seen: number[] = [];
    for (const { token } of people) seen.push(...(await statuses(2, '/deals', token)));
    expect(seen).toEqual([200, 200, 200, 200, 429, 429]);
    expect(await statuses(1, '/deals', buildPerson({ role: 'sales' }).token)).toEqual([200]);
  });

  it.each<[Role, number]>([
    ['viewer', 1],
    ['sales', 2],
    ['manager', 3],
    ['admin', 5],
  ])('as %s has so many pages of 50', async (role, pages) => {
    await started({ readQuotas: { viewer: 50, sales: 100, manager: 150, admin: 0 } });
    const seen = await statuses(5, '/deals', buildPerson({ role }).token);
    expect(seen.filter((status) => status === 200)).toHaveLength(pages);
  });
});

describe('counted', () => {
  it('is what answers carried, by role, and the header stays inside', async () => {
    const { get, metrics } = await started();
    const answer = await get('/deals', buildPerson({ role: 'sales' }).token);
    expect(answer.headers.has(recordsReadHeader)).toBe(false);
    expect(await metrics.metrics()).toContain(
      'pipedesk_records_read_total{role="sales",service="api-gateway"} 50',
    );
  });

  it('is nothing where no record is told: refusals, answers to writes, and what is no number', async () => {
    const { upstreams, metrics } = await started();
    const { token } = buildPerson({ role: 'sales' });
    for (const told of ['all', '-3', '1.5', 'Infinity', '']) {
      upstreams.crm.answer((_req, res) => void res.writeHead(200, { [recordsReadHeader]: told }).end());
      expect(await statuses(2, '/deals', token)).toEqual([200, 200]);
    }
    upstreams.crm.answer((_req, res) => void res.writeHead(404).end());
    await statuses(3, '/deals', token);
    expect(await metrics.metrics()).not.toContain('pipedesk_records_read_total{');
  });

  it('are the items of timelines, which the gateway puts together itself', async () => {
    const { upstreams, metrics } = await started();
    const { token, tenantId } = buildPerson({ role: 'sales' });
    const [entityType, entityId] = ['deal', uuidv7()];
    const items = [0, 1, 2].map((index) => buildItem(index, 'note'));
    serveHistory(upstreams, { tenantId, entityType, entityId, items });
    expect(await statuses(1, `/timeline/deal/${entityId}`, token)).toEqual([200]);
    expect(await metrics.metrics()).toContain(
      'pipedesk_records_read_total{role="sales",service="api-gateway"} 3',
    );
  });
});

describe('audit', () => {
  let reports: RefusalReport[];
  beforeEach(() => {
    reports = [];
  });

  it('is told of everybody who was refused for reading too much, each by name', async () => {
    const refusals = createRefusalLog({
      service: 'api-gateway',
      send: (some) => Promise.resolve(void reports.push(...some)),
      log: createLogger('api-gateway', 'silent'),
      metrics: createMetrics('api-gateway'),
      every: 0.1,
    });
    await started({ refusals });
    const { tenantId } = buildPerson();
    const people = [0, 1].map(() => buildPerson({ role: 'sales', tenantId }));
    for (const { token } of people) await statuses(4, '/deals?limit=50', token);
    await refusals.close();
    for (const { userId } of people) {
      const own = reports.filter((report) => report.userId === userId);
      expect(own.reduce((sum, { count }) => sum + count, 0)).toBe(2);
      expect(own[0]).toMatchObject({ tenantId, reason: 'read_limit', path: '/deals', network: '127.0.0.1' });
      expect(own[0]?.requestId).toMatch(/./);
    }
  });
});

describe('the configuration', () => {
  const needed = {
    PORT: '0',
    SERVICE_SECRET: 'x'.repeat(40),
    AUTH_ISSUER: 'a',
    AUTH_AUDIENCE: 'b',
    AUTH_JWKS_URL: 'http://auth/jwks.json',
    ...Object.fromEntries(
      ['AUTH', 'CRM', 'CALENDAR_SYNC', 'AUDIT', 'TIMELINE'].map((name) => [`${name}_URL`, 'http://x/']),
    ),
  };

  it('gives more to roles of more power', () => {
    const { viewer, sales, manager, admin, tenant } = readQuotasOf(configSchema.parse(needed));
    expect([viewer, sales, manager, admin, tenant].toSorted((a, b) => a - b)).toEqual([
      ...[viewer, sales, manager, admin, tenant],
    ]);
    expect(viewer).toBeGreaterThan(0);
  });

  it.each([{ READ_LIMIT_TENANT: '300000' }, { READ_LIMIT_SALES: '0' }])(
    'lets nobody use up what is for all: %j is refused',
    (change) => {
      const { error } = configSchema.safeParse({ ...needed, ...change });
      expect(error?.issues.map(({ path }) => path)).toEqual([['READ_LIMIT_TENANT']]);
    },
  );
});
