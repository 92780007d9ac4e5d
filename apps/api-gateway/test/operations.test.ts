import { remoteKeys } from '@pipedesk/service-kit';
import { afterEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { configSchema, quotasOf } from '../src/config.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { buildPerson } from './tokens.ts';
import { json, refuse, startUpstream } from './upstream.ts';

let gateway: Gateway | undefined;
afterEach(() => gateway?.stop());

const jwks = () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'ES256', use: 'sig' }] };
};

async function readiness() {
  const answer = await gateway?.get('/health/ready');
  return { status: answer?.status, body: await answer?.json() };
}

describe('readiness', () => {
  it('does not wait for any service but says how each is', async () => {
    gateway = await startGateway();
    gateway.upstreams.audit.answer(refuse(503));
    await gateway.upstreams.timeline.stop();
    expect(await readiness()).toMatchObject({
      status: 200,
      body: {
        checks: { signing_keys: 'ok' },
        services: { crm: 'ok', audit: 'not ready (503)', timeline: expect.stringContaining('ECONNREFUSED') },
      },
    });
  });

  it('comes with the first signing keys and stays when auth goes', async () => {
    const auth = await startUpstream('auth');
    auth.answer(refuse(503));
    gateway = await startGateway({ keys: remoteKeys({ url: `${auth.url}/.well-known/jwks.json` }) });
    gateway.upstreams.auth.answer(refuse(503));
    expect(await readiness()).toMatchObject({
      status: 503,
      body: { checks: { signing_keys: 'answered 503' } },
    });
    auth.answer(json(jwks()));
    gateway.upstreams.auth.answer(json(jwks()));
    expect((await readiness()).status).toBe(200);
    await Promise.all([auth.stop(), gateway.upstreams.auth.stop()]);
    expect((await readiness()).status).toBe(200);
  });
});

describe('pages of other origins', () => {
  const origin = 'https://app.example.com';
  const { token } = buildPerson();

  it('may call when their origin is configured, and read even a refusal', async () => {
    gateway = await startGateway({ corsOrigins: [origin] });
    const preflight = await fetch(`${gateway.url}/deals`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PATCH' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    for (const headers of [{ origin }, { origin, authorization: `Bearer ${token}` }]) {
      const answer = await fetch(`${gateway.url}/deals`, { headers });
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      expect(answer.headers.get('vary')).toContain('Origin');
    }
  });

  it.each(['https://evil.example', 'https://app.example.com.evil.example', 'null'])(
    'get no permission from %s',
    async (other) => {
      gateway = await startGateway({ corsOrigins: [origin] });
      const headers = { origin: other, 'access-control-request-method': 'PATCH' };
      const preflight = await fetch(`${gateway.url}/deals`, { method: 'OPTIONS', headers });
      expect(preflight.status).toBe(405);
      expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    },
  );
});

describe('figures and log lines', () => {
  it('count forwarded and refused requests by route, not by id', async () => {
    gateway = await startGateway();
    await gateway.get('/deals/1', buildPerson().token);
    await gateway.get('/deals/2');
    await gateway.get('/deals;x');
    const text = await (await gateway.get('/metrics')).text();
    const counted = text.split('\n').filter((line) => line.includes('request_duration_seconds_count'));
    const has = (...labels: string[]) =>
      counted.some((line) => labels.every((label) => line.includes(label)));
    expect(counted).toHaveLength(3);
    expect(has('method="GET"', 'route="/deals/*"', 'status="200"')).toBe(true);
    expect(has('route="/deals/*"', 'status="401"')).toBe(true);
    expect(has('route="refused"', 'status="400"')).toBe(true);
  });
});

describe('configuration', () => {
  const env = {
    PORT: '8080',
    AUTH_JWKS_URL: 'http://auth/.well-known/jwks.json',
    AUTH_ISSUER: 'i',
    AUTH_AUDIENCE: 'a',
    SERVICE_SECRET: Buffer.alloc(32).toString('base64'),
    AUTH_URL: 'http://auth:1',
    CRM_URL: 'http://crm:1',
    CALENDAR_SYNC_URL: 'http://calendar:1',
    AUDIT_URL: 'http://audit:1',
    TIMELINE_URL: 'http://timeline:1',
  };

  it('believes no proxy and no origin unless told', () => {
    expect(configSchema.parse(env)).toMatchObject({ TRUSTED_PROXIES: 'none', CORS_ORIGINS: [] });
    const origins = { CORS_ORIGINS: 'https://a.example, https://b.example:8443' };
    expect(configSchema.parse({ ...env, ...origins }).CORS_ORIGINS).toHaveLength(2);
  });

  it('limits the requests of a minute unless told otherwise', () => {
    expect(quotasOf(configSchema.parse(env))).toMatchObject({ auth: 300, read: 1_200, tenant: 30_000 });
    const none = { RATE_LIMIT_READ: '0', RATE_LIMIT_TENANT: '0' };
    expect(quotasOf(configSchema.parse({ ...env, ...none }))).toMatchObject({ read: 0, tenant: 0 });
  });

  it('refuses a tenant limit that one user without a limit could use up', () => {
    expect(configSchema.safeParse({ ...env, RATE_LIMIT_READ: '0' }).success).toBe(false);
  });

  it.each([
    { CRM_URL: 'ftp://crm' },
    { CRM_URL: 'http://crm/base' },
    { CRM_URL: 'crm' },
    { CORS_ORIGINS: '*' },
    { CORS_ORIGINS: 'https://a.example/' },
    { RATE_LIMIT_READ: '-1' },
    { REDIS_URL: 'http://redis' },
    { RATE_LIMIT_TENANT: '2000' },
  ])('refuses %j', (wrong) => {
    const { error } = configSchema.safeParse({ ...env, ...wrong });
    expect(new Set(error?.issues.map(({ path }) => path[0]))).toEqual(new Set(Object.keys(wrong)));
  });
});
