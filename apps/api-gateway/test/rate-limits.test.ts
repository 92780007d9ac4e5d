import { afterEach, describe, expect, it } from '@jest/globals';
import { rawRequest, sendRaw } from './raw-http.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { buildPerson } from './tokens.ts';

let gateway: Gateway | undefined;
afterEach(() => gateway?.stop());

const statusesOf = async (times: number, send: () => Promise<Response>) => {
  const statuses: number[] = [];
  for (let time = 0; time < times; time++) statuses.push((await send()).status);
  return statuses;
};

async function started(options: Parameters<typeof startGateway>[0]): Promise<Gateway> {
  gateway = await startGateway(options);
  return gateway;
}

describe('a user', () => {
  it('has so many reads a minute, told before they are used up and refused after', async () => {
    const { get } = await started({ quotas: { read: 2 } });
    const { token } = buildPerson();
    const first = await get('/deals', token);
    expect(first.headers.get('ratelimit-policy')).toBe('"read";q=2;w=60, "tenant";q=10000000;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"read";r=1;t=\d+$/);
    await get('/users', token);
    const refused = await get('/deals', token);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: 'rate_limited', limit: 'read', status: 429 });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit')).toMatch(/^"read";r=0;t=\d+$/);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
  });

  it('is told on a failure of a service as well', async () => {
    const { get, upstreams } = await started({});
    await upstreams.crm.stop();
    const answer = await get('/deals', buildPerson().token);
    expect([answer.status, answer.headers.has('ratelimit')]).toEqual([503, true]);
  });

  it('who has used up reads may still write, and import, each within its own limit', async () => {
    const { url } = await started({ quotas: { read: 1, write: 1, bulk: 1 } });
    const headers = { authorization: `Bearer ${buildPerson().token}` };
    for (const [method, path] of [
      ['GET', '/deals'],
      ['POST', '/deals'],
      ['POST', '/imports'],
    ] as const)
      expect(await statusesOf(2, () => fetch(url + path, { method, headers }))).toEqual([200, 429]);
  });

  it('uses up nothing of another user, of the same tenant or not', async () => {
    const { get } = await started({ quotas: { read: 1 } });
    const greedy = buildPerson();
    await statusesOf(5, () => get('/deals', greedy.token));
    const colleague = buildPerson({ tenantId: greedy.tenantId });
    expect((await get('/deals', colleague.token)).status).toBe(200);
  });

  it('has the same limit on the timeline that the gateway puts together itself', async () => {
    const { get } = await started({ quotas: { read: 1 } });
    const { token } = buildPerson();
    const path = `/timeline/deal/${buildPerson().userId}`;
    const first = await get(path, token);
    expect(first.headers.get('ratelimit')).toMatch(/^"read";r=0/);
    expect((await get(path, token)).status).toBe(429);
  });
});

describe('a tenant', () => {
  it('has a limit for all its users, of which another tenant feels nothing', async () => {
    const { get } = await started({ quotas: { tenant: 2 } });
    const { tenantId, token } = buildPerson();
    expect(await statusesOf(2, () => get('/deals', token))).toEqual([200, 200]);
    const refused = await get('/deals', buildPerson({ tenantId }).token);
    expect(await refused.json()).toMatchObject({ status: 429, limit: 'tenant' });
    expect((await get('/deals', buildPerson().token)).status).toBe(200);
  });

  it('loses nothing by what was refused to one of its users', async () => {
    const { get } = await started({ quotas: { read: 1, tenant: 3 } });
    const { tenantId, token } = buildPerson();
    await statusesOf(10, () => get('/deals', token));
    const colleague = buildPerson({ tenantId });
    expect((await get('/deals', colleague.token)).status).toBe(200);
  });
});

describe('a network address', () => {
  it('has so many requests without a valid token; whoever has one is let in all the same', async () => {
    const { get } = await started({ quotas: { ip: 2 } });
    const { token } = buildPerson();
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    expect(await statusesOf(3, () => get('/deals', forged))).toEqual([401, 401, 429]);
    expect(await statusesOf(2, () => get('/deals'))).toEqual([429, 429]);
    expect((await get('/deals', token)).status).toBe(200);
  });

  it('has fewer logins, sign-ups and refreshes, together', async () => {
    const { url } = await started({ quotas: { auth: 2 } });
    const post = (path: string) => fetch(url + path, { method: 'POST' });
    expect((await post('/auth/login')).status).toBe(200);
    expect((await post('/auth/refresh')).status).toBe(200);
    const refused = await post('/auth/login');
    expect(await refused.json()).toMatchObject({ status: 429, limit: 'auth' });
    expect((await fetch(`${url}/.well-known/jwks.json`)).status).toBe(200);
  });

  it('is the one of the connection: a header changes nothing unless a trusted proxy sends it', async () => {
    const { url } = await started({ quotas: { auth: 1 } });
    const login = (address: string) =>
      fetch(`${url}/auth/login`, { method: 'POST', headers: { 'x-forwarded-for': address } });
    expect([(await login('10.0.0.1')).status, (await login('10.0.0.2')).status]).toEqual([200, 429]);
  });

  it('counts by /56 in IPv6, behind a trusted proxy', async () => {
    const { url } = await started({ quotas: { auth: 1 }, trustedProxies: 'loopback' });
    const login = async (address: string) => {
      const headers = { 'x-forwarded-for': address };
      return (await fetch(`${url}/auth/login`, { method: 'POST', headers })).status;
    };
    expect(await login('2001:db8:1:ab00::1')).toBe(200);
    expect(await login('2001:db8:1:abff::2')).toBe(429);
    expect(await login('2001:db8:1:ac00::1')).toBe(200);
  });

  it('is limited on the description of the API too, but never on health and metrics', async () => {
    const { get } = await started({ quotas: { ip: 1 } });
    expect(await statusesOf(2, () => get('/docs'))).toEqual([200, 429]);
    expect(await statusesOf(3, () => get('/health/live'))).toEqual([200, 200, 200]);
    const text = await (await get('/metrics')).text();
    expect(text).toMatch(/pipedesk_rate_limited_total\{limit="ip",.*\} 1/);
  });
});

it('a limit of 0 is none, and is not spoken of', async () => {
  const { get } = await started({ quotas: { read: 0, tenant: 0, ip: 0 } });
  const answer = await get('/deals', buildPerson().token);
  expect([answer.status, answer.headers.get('ratelimit')]).toEqual([200, null]);
  expect((await get('/deals')).status).toBe(401);
});

it("a service's own limit fields do not pass for the gateway's", async () => {
  const { upstreams, get } = await started({});
  upstreams.crm.answer((_req, res) => {
    res.writeHead(200, { RateLimit: '"mine";r=1', 'RateLimit-Policy': '"mine";q=1' });
    res.end();
  });
  const answer = await get('/deals', buildPerson().token);
  expect(answer.headers.get('ratelimit')).toMatch(/^"read";r=\d+;t=\d+$/);
});

it('a preflight costs nothing', async () => {
  const origin = 'https://app.example.com';
  const { port, get } = await started({ quotas: { ip: 1 }, corsOrigins: [origin] });
  const preflight = ['OPTIONS /deals HTTP/1.1', `Origin: ${origin}`, 'Access-Control-Request-Method: GET'];
  for (let time = 0; time < 3; time++)
    expect((await sendRaw(port, rawRequest(preflight[0] ?? '', preflight.slice(1)))).status).toBe(204);
  expect((await get('/docs')).status).toBe(200);
});
