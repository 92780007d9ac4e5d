import {
  createLogger,
  createMetrics,
  createServiceApp,
  notAudited,
  publicRoute,
  route,
} from '@pipedesk/service-kit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { rawRequest, sendRaw } from './raw-http.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { buildPerson } from './tokens.ts';

const origin = 'https://app.example.com';
const { token } = buildPerson();
const authorization = `Authorization: Bearer ${token}`;
let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ corsOrigins: [origin], quotas: { bulk: 1 } });
  // Uses up what imports there are.
  await sendRaw(gateway.port, rawRequest('POST /imports HTTP/1.1', [authorization]));
  await gateway.upstreams.audit.stop();
});
afterAll(() => gateway.stop());

const kinds: [string, string, string[], number][] = [
  ['forwarded', 'GET /deals HTTP/1.1', [authorization], 200],
  ['public', 'GET /.well-known/jwks.json HTTP/1.1', [], 200],
  ['refused at the door', 'GET /deals;x HTTP/1.1', [authorization], 400],
  ['without a token', 'GET /deals HTTP/1.1', [], 401],
  ['over a limit', 'POST /imports HTTP/1.1', [authorization], 429],
  ['of a service that is down', 'GET /audit-logs HTTP/1.1', [authorization], 503],
  ['unknown', 'GET /nothing HTTP/1.1', [authorization], 404],
  ['of a verb nobody serves', 'TRACE /deals HTTP/1.1', [authorization], 405],
  ['of the gateway itself', 'GET /docs HTTP/1.1', [], 200],
];

describe('every answer carries the security headers and, for an allowed origin, its permission:', () => {
  it.each(kinds)('%s', async (_, line, headers, status) => {
    const answer = await sendRaw(gateway.port, rawRequest(line, [...headers, `Origin: ${origin}`]));
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'strict-transport-security': expect.stringContaining('max-age='),
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'access-control-allow-origin': origin,
      'access-control-expose-headers': expect.stringContaining('RateLimit'),
      vary: expect.stringContaining('Origin'),
      'x-request-id': expect.any(String),
    });
    expect(answer.headers).not.toHaveProperty('x-powered-by');
  });

  it('a preflight', async () => {
    const asking = [`Origin: ${origin}`, 'Access-Control-Request-Method: PATCH'];
    const answer = await sendRaw(gateway.port, rawRequest('OPTIONS /deals HTTP/1.1', asking));
    expect(answer).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-origin': origin, 'x-content-type-options': 'nosniff' },
    });
  });

  it('and no permission for any other', async () => {
    for (const [, line, headers] of kinds) {
      const bytes = rawRequest(line, [...headers, 'Origin: https://evil.example']);
      expect((await sendRaw(gateway.port, bytes)).headers).not.toHaveProperty('access-control-allow-origin');
    }
  });
});

it("a service's own security headers come once, as the gateway has them", async () => {
  gateway.upstreams.timeline.answer((_req, res) => void res.end());
  gateway.upstreams['calendar-sync'].answer((_req, res) => {
    res.writeHead(200, { 'X-Content-Type-Options': 'sniff', 'Content-Security-Policy': 'default-src *' });
    res.end();
  });
  const answer = await gateway.get('/calendar/events', token);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
});

describe('40,000 nested arrays', () => {
  /** What stands behind the gateway in production, with a route that takes any JSON. */
  const service = createServiceApp({
    service: 'crm',
    log: createLogger('crm', 'silent'),
    metrics: createMetrics('crm'),
    routes: [
      route({
        method: 'post',
        path: '/deals',
        summary: 'Takes any JSON',
        permission: publicRoute('test'),
        audit: notAudited('test'),
        body: z.strictObject({ value: z.json() }),
        response: z.object({}),
        handle: () => ({}),
      }),
    ],
    authenticate: (_req, _res, next) => {
      next();
    },
    trustedProxies: 'none',
    checks: {},
    isShuttingDown: () => false,
  });

  it('answer 400 at either door', async () => {
    gateway.upstreams.crm.answer(service);
    const body = `{"value":${'['.repeat(40_000)}${']'.repeat(40_000)}}`;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    for (const door of [gateway.url, gateway.upstreams.crm.url]) {
      const answer = await fetch(`${door}/deals`, { method: 'POST', headers, body });
      expect(await answer.json()).toMatchObject({ status: 400, code: 'json_too_deep' });
    }
  });
});
