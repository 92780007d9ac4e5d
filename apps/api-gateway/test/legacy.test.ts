import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LegacyStage, LegacyUse, RefusalReport } from '@pipedesk/contracts';
import {
  createLegacyPolicy,
  createLogger,
  createMetrics,
  createPostToAuth,
  createRefusalLog,
  type LegacyConfig,
} from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import { createLegacyDoor } from '../src/legacy/legacy-door.ts';
import { createLegacyTokens } from '../src/legacy/legacy-tokens.ts';
import { createLegacyUse } from '../src/legacy/legacy-use.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { buildPerson } from './tokens.ts';
import { type Echo, startUpstream, type Upstream } from './upstream.ts';

const tenantId = uuidv7();
const { token: legacyToken } = buildPerson({ role: 'sales', tenantId });
const sunset = '2027-06-30T00:00:00Z';
const log = createLogger('api-gateway', 'silent');

const config: LegacyConfig = {
  LEGACY_SUNSET: sunset,
  LEGACY_STAGES: [[tenantId, 'warn']],
  LEGACY_CLIENTS: [
    { id: 'erp', tenantId, teamId: null, networks: [{ address: '127.0.0.1', prefix: 32, family: 'ipv4' }] },
  ],
  LEGACY_GUIDE_URL: '/docs',
};

let auth: Upstream;
let isAuthDown = false;
let exchanges: object[] = [];
let uses: LegacyUse[] = [];
let refusals: RefusalReport[] = [];
let now = new Date('2027-06-01T08:30:00Z');
let gateway: Gateway;
let closeDoor: () => Promise<void>;

beforeAll(async () => {
  auth = await startUpstream('auth');
  auth.answer((req, res) => {
    let text = '';
    req.on('data', (chunk: Buffer) => (text += chunk.toString()));
    req.on('end', () => {
      const body = JSON.parse(text) as { uses?: LegacyUse[] };
      if (isAuthDown) res.writeHead(500).end();
      else if (req.url === '/internal/legacy-uses') {
        uses.push(...(body.uses ?? []));
        res.writeHead(204).end();
      } else {
        exchanges.push(body);
        res.writeHead(200, { 'content-type': 'application/json' });
        res.end(JSON.stringify({ accessToken: legacyToken, expiresIn: 120 }));
      }
    });
  });
});
afterAll(() => auth.stop());
beforeEach(() => {
  now = new Date('2027-06-01T08:30:00Z');
  isAuthDown = false;
  [exchanges, uses, refusals] = [[], [], []];
});
afterEach(async () => {
  await closeDoor();
  await gateway.stop();
});

async function start(stage: LegacyStage, overrides: Partial<LegacyConfig> = {}): Promise<void> {
  const metrics = createMetrics('legacy');
  const post = createPostToAuth({ jwksUrl: auth.url, secret: 's'.repeat(32), service: 'api-gateway' });
  const refusalLog = createRefusalLog({
    ...{ service: 'api-gateway', log, metrics, every: 60 },
    send: (reports) => Promise.resolve(void refusals.push(...reports)),
  });
  const used = createLegacyUse({ post, every: 60, log, metrics });
  const legacy = createLegacyDoor({
    policy: createLegacyPolicy({ ...config, LEGACY_STAGES: [[tenantId, stage]], ...overrides }),
    tokens: createLegacyTokens(post),
    uses: used,
    refusals: refusalLog,
    guideUrl: '/docs',
    clock: () => now,
  });
  gateway = await startGateway({ legacy });
  closeDoor = async () => {
    await used.close();
    await refusalLog.close();
  };
}

const call = (headers: Record<string, string> = {}, path = '/deals?limit=1', method = 'GET') =>
  fetch(gateway.url + path, { method, headers: { 'x-user-role': 'admin', ...headers } });

/** RFC 9745, RFC 8594. */
function expectEnd({ headers }: Response): void {
  expect(headers.get('deprecation')).toMatch(/^@\d{10}$/);
  expect(headers.get('sunset')).toBe('Wed, 30 Jun 2027 00:00:00 GMT');
  expect(headers.get('link')).toBe('</docs>; rel="deprecation"; type="text/html"');
}

describe('a legacy call', () => {
  it('goes on with a real token in place of its headers, and is told of its end', async () => {
    await start('warn');
    const answer = await call({ 'x-user-id': 'somebody', 'x-tenant-id': tenantId });
    expect(answer.status).toBe(200);
    expectEnd(answer);
    const echo = (await answer.json()) as Echo;
    expect(echo.headers).toMatchObject({ authorization: `Bearer ${legacyToken}` });
    expect(Object.keys(echo.headers).filter((name) => /^x-(user|tenant)/.test(name))).toEqual([]);
    expect(answer.headers.get('ratelimit-policy')).toContain('"tenant"');
  });

  it('shares one exchange with the calls after it, and is counted by route', async () => {
    await start('warn');
    await Promise.all([call(), call({}, `/deals/${uuidv7()}`), call({}, '/deals', 'POST')]);
    expect(exchanges).toEqual([{ clientId: 'erp', role: 'sales', ip: '127.0.0.1' }]);
    await closeDoor();
    const counted = uses.map(({ clientId, route, accepted }) => [clientId, route, accepted]);
    expect(counted.sort()).toEqual([
      ['erp', 'GET /deals/*', 2],
      ['erp', 'POST /deals/*', 1],
    ]);
    expect(refusals).toEqual([]);
  });

  it('gets through to the timeline too', async () => {
    await start('observe');
    const answer = await call({}, `/timeline/deal/${uuidv7()}`);
    expectEnd(answer);
    expect(answer.status).not.toBe(401);
  });

  it('answers 503 while no token can be had, and works when one can', async () => {
    await start('warn');
    isAuthDown = true;
    const answer = await call();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await answer.json()).toMatchObject({ code: 'legacy_exchange_unavailable' });
    isAuthDown = false;
    expect((await call()).status).toBe(200);
  });
});

describe('headers are refused', () => {
  const refusedAs = async (answer: Response) => [
    answer.status,
    ((await answer.json()) as { code: string }).code,
  ];

  it('for good by the stage deny, and counted and audited', async () => {
    await start('deny');
    const answer = await call();
    expectEnd(answer);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(await refusedAs(answer)).toEqual([401, 'legacy_denied']);
    await closeDoor();
    expect(uses).toMatchObject([{ clientId: 'erp', accepted: 0, refused: 1 }]);
    expect(refusals).toMatchObject([{ reason: 'legacy_refused', tenantId, count: 1 }]);
    expect(exchanges).toEqual([]);
  });

  it('in a brownout, until it is over, and never by 429', async () => {
    await start('brownout');
    now = new Date('2027-06-01T08:03:00Z');
    const answer = await call();
    expectEnd(answer);
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({
      code: 'legacy_brownout',
      detail: expect.stringContaining('until 2027-06-01T08:10:00.000Z'),
    });
    now = new Date('2027-06-01T08:10:00Z');
    expect((await call()).status).toBe(200);
  });

  it.each<[string, () => Promise<Response>]>([
    ['beside a token that is not valid', () => call({ authorization: 'Bearer a.b.c' })],
    ['beside another scheme', () => call({ authorization: 'Basic YTpi' })],
    ["with another tenant's id", () => call({ 'x-tenant-id': uuidv7() })],
    ['with a role nobody has', () => call({ 'x-user-role': 'root' })],
    ['on routes of identities', () => call({}, '/users')],
    ['after the sunset', () => ((now = new Date(sunset)), call())],
  ])('as if they were not there %s', async (_when, ask) => {
    await start('warn');
    const answer = await ask();
    expect(answer.status).toBe(401);
    expect(answer.headers.get('deprecation')).toBeNull();
    expect(exchanges).toEqual([]);
  });

  it('from an address that is not listed, whatever X-Forwarded-For says', async () => {
    const networks = [{ address: '192.0.2.7', prefix: 32, family: 'ipv4' as const }];
    await start('warn', { LEGACY_CLIENTS: [{ id: 'erp', tenantId, teamId: null, networks }] });
    for (const name of ['x-forwarded-for', 'x-real-ip', 'x-client-ip'])
      expect(await refusedAs(await call({ [name]: '192.0.2.7' }))).toEqual([401, 'token_missing']);
  });

  it('never beside a valid token, which decides alone', async () => {
    await start('warn');
    const { token } = buildPerson({ role: 'viewer' });
    const answer = await call({ authorization: `Bearer ${token}` });
    expect([answer.status, answer.headers.get('deprecation')]).toEqual([200, null]);
    expect(((await answer.json()) as Echo).headers['authorization']).toBe(`Bearer ${token}`);
  });
});
