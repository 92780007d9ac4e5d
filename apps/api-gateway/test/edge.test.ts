import { problemSchema } from '@pipedesk/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rawRequest, sendRaw } from './raw-http.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { buildPerson } from './tokens.ts';
import type { Echo } from './upstream.ts';

let gateway: Gateway;
const { token } = buildPerson();
const authorization = `Authorization: Bearer ${token}`;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

/** What the service saw of a request with these headers. */
async function echoOf(headers: string[], line = 'GET /deals HTTP/1.1'): Promise<Echo> {
  const { status, body } = await sendRaw(gateway.port, rawRequest(line, [authorization, ...headers]));
  expect({ status, body }).toMatchObject({ status: 200 });
  return JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)) as Echo;
}

async function problemOf(bytes: string) {
  const answer = await sendRaw(gateway.port, bytes);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  return { ...problemSchema.parse(JSON.parse(answer.body)), headers: answer.headers };
}

describe('forwarding', () => {
  it.each([
    ['/auth/me', 'auth'],
    ['/users', 'auth'],
    ['/.well-known/jwks.json', 'auth'],
    ['/companies?limit=1', 'crm'],
    ['/deals/x/stage', 'crm'],
    ['/imports/x', 'crm'],
    ['/calendar/events', 'calendar-sync'],
    ['/emails', 'calendar-sync'],
    ['/audit-logs/entity/deal/x', 'audit'],
  ])('sends %s to %s, unchanged', async (path, service) => {
    const echo = (await (await gateway.get(path, token)).json()) as Echo;
    expect(echo).toMatchObject({ service, url: path, method: 'GET' });
  });

  it('sends bodies in both framings and brings the answer back', async () => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sized = await fetch(`${gateway.url}/deals`, { method: 'POST', headers, body: '{"name":"x"}' });
    expect(await sized.json()).toMatchObject({ method: 'POST', body: '{"name":"x"}' });
    const chunked = ['POST /deals HTTP/1.1', 'Transfer-Encoding: chunked', '3\r\nabc\r\n0\r\n\r\n'] as const;
    const bytes = rawRequest(chunked[0], [authorization, chunked[1]], chunked[2]);
    expect((await sendRaw(gateway.port, bytes)).body).toContain('"body":"abc"');
  });

  it('gives HEAD the headers of GET and no body', async () => {
    const answer = await sendRaw(gateway.port, rawRequest('HEAD /deals HTTP/1.1', [authorization]));
    expect(answer).toMatchObject({ status: 200, body: '', headers: { 'content-type': 'application/json' } });
  });

  it("keeps a service's own headers, repeats included, and drops those of its connection", async () => {
    const own = await startGateway();
    own.upstreams.crm.answer((_req, res) => {
      res.writeHead(201, [
        ...['ETag', '"3"', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'],
        ...['Connection', 'X-Hop', 'X-Hop', 'secret', 'Content-Length', '2'],
      ]);
      res.end('ok');
    });
    const answer = await own.get('/deals', token);
    await own.stop();
    expect({ status: answer.status, etag: answer.headers.get('etag') }).toEqual({ status: 201, etag: '"3"' });
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.has('x-hop')).toBe(false);
  });

  it('tells a client that asks first to go on, and only when it is let in', async () => {
    const expecting = ['Content-Length: 3', 'Expect: 100-continue'];
    const letIn = await sendRaw(
      gateway.port,
      rawRequest('POST /deals HTTP/1.1', [authorization, ...expecting]),
    );
    expect(letIn.status).toBe(100);
    const refused = await sendRaw(gateway.port, rawRequest('POST /deals HTTP/1.1', expecting));
    expect(refused.status).toBe(401);
  });
});

describe('headers a service sees', () => {
  it.each([
    'X-User-Role: admin',
    'x-user-id: 1',
    'X_User_Role: admin',
    'X-Tenant-Id: 1',
    'X-Role: admin',
    'X-Roles: admin',
    'X-Real-IP: 10.0.0.1',
    'Forwarded: for=10.0.0.1',
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: https',
    'X-HTTP-Method-Override: DELETE',
    'X-Original-URL: /admin',
    'X-Rewrite-URL: /admin',
    'TE: trailers',
    'Keep-Alive: timeout=99',
    'Proxy-Authorization: Basic x',
    'Upgrade: websocket',
  ])('never include %s', async (header) => {
    const { rawHeaders } = await echoOf([header, header]);
    const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    expect(names).not.toContain(header.split(':')[0]?.toLowerCase());
    expect(rawHeaders.join()).not.toContain('evil.example');
  });

  it('do not include what Connection names, yet all that the gateway vouches for', async () => {
    const { headers } = await echoOf(['X-Custom: 1', 'Connection: X-Custom, X-Request-Id, X-Forwarded-For']);
    expect(headers).not.toHaveProperty('x-custom');
    expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-request-id': expect.any(String) });
  });

  it('keep all others, with the token, for the service to verify again', async () => {
    const { headers } = await echoOf(['If-Match: "3"', 'Idempotency-Key: k', 'User-Agent: test']);
    expect(headers).toMatchObject({
      authorization: `Bearer ${token}`,
      'if-match': '"3"',
      'idempotency-key': 'k',
      'user-agent': 'test',
      host: new URL(gateway.upstreams.crm.url).host,
    });
  });

  it('name the real client, whatever it claims', async () => {
    const { headers } = await echoOf(['X-Forwarded-For: 10.1.2.3', 'X-Forwarded-For: 10.1.2.4']);
    expect(headers['x-forwarded-for']).toBe('127.0.0.1');
  });

  it('name the client that a trusted proxy names, but nothing that is no address', async () => {
    const trusting = await startGateway({ trustedProxies: 'loopback' });
    const seen = async (claim: string) => {
      const bytes = rawRequest('GET /deals HTTP/1.1', [
        authorization,
        `X-Forwarded-For: ${claim}`,
        'X-Forwarded-Proto: https',
      ]);
      await sendRaw(trusting.port, bytes);
      return trusting.upstreams.crm.requests.at(-1)?.headers;
    };
    const behindProxy = await seen('6.6.6.6, 203.0.113.7');
    const nonsense = await seen('<script>');
    await trusting.stop();
    expect(behindProxy).toMatchObject({ 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' });
    expect(nonsense).toMatchObject({ 'x-forwarded-for': '127.0.0.1' });
  });

  it('carry a request id and a trace, the client’s own if they are well-formed', async () => {
    const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const own = await echoOf(['X-Request-Id: my-id', `Traceparent: ${trace}`, 'Tracestate: a=1']);
    expect(own.headers).toMatchObject({ 'x-request-id': 'my-id', traceparent: trace, tracestate: 'a=1' });
    const bad = await echoOf(['X-Request-Id: a b', 'Traceparent: 00-0-0-0', 'Tracestate: a=1']);
    expect(bad.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(bad.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(bad.headers).not.toHaveProperty('tracestate');
  });

  it('are told apart by a trace each, also after more of them than there were random bytes for', async () => {
    await Promise.all(
      Array.from({ length: 300 }, async () => (await gateway.get('/deals', token)).arrayBuffer()),
    );
    const traces = gateway.upstreams.crm.requests.slice(-300).map(({ headers }) => headers.traceparent);
    expect(new Set(traces).size).toBe(300);
  });
});

describe('refusals', () => {
  it.each(['POST /auth/signup', 'POST /auth/login', 'POST /auth/refresh', 'GET /.well-known/jwks.json'])(
    'none for %s, which needs no token',
    async (line) => {
      const answer = await sendRaw(gateway.port, rawRequest(`${line} HTTP/1.1`));
      expect(answer.status).toBe(200);
    },
  );

  it.each(['GET /auth/login', 'GET /auth/me', 'POST /auth/logout', 'DELETE /deals/x', 'GET /audit-logs'])(
    '401 for %s without a token, and the service does not hear of it',
    async (line) => {
      const before = Object.values(gateway.upstreams).flatMap(({ requests }) => requests).length;
      const problem = await problemOf(rawRequest(`${line} HTTP/1.1`));
      expect(problem).toMatchObject({ status: 401, code: 'token_missing', requestId: expect.any(String) });
      expect(problem.headers['www-authenticate']).toBe('Bearer');
      expect(Object.values(gateway.upstreams).flatMap(({ requests }) => requests)).toHaveLength(before);
    },
  );

  it('401 before any of the body is there', async () => {
    const bytes = rawRequest('POST /deals HTTP/1.1', ['Content-Length: 1000']);
    expect(await problemOf(bytes)).toMatchObject({ status: 401 });
  });

  it('401 for a token that is not ours', async () => {
    const answer = await gateway.get('/deals', `${token.slice(0, -8)}AAAAAAAA`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('invalid_token');
  });

  it.each([
    ['two tokens', [authorization, authorization], 'duplicate_authorization'],
    ['two hosts', ['Host: other'], 'duplicate_host'],
  ])('400 for %s, on public routes as well', async (_, headers, code) => {
    for (const line of ['GET /deals HTTP/1.1', 'GET /.well-known/jwks.json HTTP/1.1', 'GET /docs HTTP/1.1']) {
      expect(await problemOf(rawRequest(line, headers))).toMatchObject({ status: 400, code });
    }
  });

  it.each([
    '/nothing',
    '/',
    '/internal/activity/deal/1',
    '/DEALS',
    '/metrics/x',
    '/timeline',
    '/well-known/jwks.json',
    '/.well-known/other',
  ])('404 for %s', async (path) => {
    const problem = await problemOf(rawRequest(`GET ${path} HTTP/1.1`, [authorization]));
    expect(problem).toMatchObject({ status: 404, code: 'route_not_found' });
  });

  it.each(['TRACE /deals', 'PROPFIND /deals', 'OPTIONS /deals', 'TRACE /docs', 'CONNECT gateway:443'])(
    '405 for %s',
    async (line) => {
      const problem = await problemOf(rawRequest(`${line} HTTP/1.1`, [authorization]));
      expect(problem).toMatchObject({ status: 405, code: 'method_not_allowed' });
      expect(problem.headers.allow).toContain('PATCH');
    },
  );

  it.each([
    '/deals/../users',
    '/public/../internal/activity/deal/1',
    '/deals/..',
    '/deals/./x',
    '/deals/%2e%2e/users',
    '/deals/%2E%2e/users',
    '/deals/.%2e/users',
    '/deals%2fx',
    '/deals%5cx',
    '/deals\\..\\users',
    '//deals',
    '/deals//x',
    '/deals;role=admin',
    '/deals%00',
    '/deals%0d%0ax',
    '/deals%zz',
    '/deals#x',
    '/d\u00e9als',
    'http://gateway/deals',
    'http://evil.example/timeline/deal/x',
    'deals',
  ])('400 for the path %s', async (path) => {
    const problem = await problemOf(rawRequest(`GET ${path} HTTP/1.1`, [authorization]));
    expect(problem).toMatchObject({ status: 400 });
  });

  const chunked = 'Transfer-Encoding: chunked';
  it.each([
    ['two kinds of length', rawRequest('POST /deals HTTP/1.1', ['Content-Length: 3', chunked], '0\r\n\r\n')],
    [
      'an unknown transfer coding',
      rawRequest('POST /deals HTTP/1.1', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'),
    ],
    [
      'chunked twice',
      rawRequest('POST /deals HTTP/1.1', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'),
    ],
    ['two lengths', rawRequest('POST /deals HTTP/1.1', ['Content-Length: 3', 'Content-Length: 4'], 'abcd')],
    ['a length with a sign', rawRequest('POST /deals HTTP/1.1', ['Content-Length: +3'], 'abc')],
    ['bare line feeds', 'GET /deals HTTP/1.1\nHost: gateway\n\n'],
    ['a space before the colon', rawRequest('GET /deals HTTP/1.1', ['X-A : 1'])],
    ['a folded header', rawRequest('GET /deals HTTP/1.1', ['X-A: 1', ' 2'])],
    ['garbage', '\x16\x03\x01\x02\x00\x01'],
  ])('400 for %s', async (_, bytes) => {
    const before = gateway.upstreams.crm.requests.length;
    expect(await problemOf(bytes)).toMatchObject({ status: 400 });
    expect(gateway.upstreams.crm.requests).toHaveLength(before);
  });

  it.each(['/deals', '/docs', '/auth/login'])('400 for %s without a host', async (path) => {
    const problem = await problemOf(`GET ${path} HTTP/1.1\r\n\r\n`);
    expect(problem).toMatchObject({ status: 400, code: 'missing_host' });
  });

  it('400 for a body that breaks its framing on the way, which ends at the service as aborted', async () => {
    const bytes = rawRequest('POST /deals HTTP/1.1', [authorization, chunked], '3\r\nabc\r\nzz\r\n');
    expect(await problemOf(bytes)).toMatchObject({ status: 400 });
  });

  it.each([8_193, 15_000, 17_000, 100_000])('414 for a target of %i characters', async (length) => {
    const path = `/deals?q=${'x'.repeat(length - 9)}`;
    const problem = await problemOf(rawRequest(`GET ${path} HTTP/1.1`, [authorization]));
    expect(problem).toMatchObject({ status: 414, code: 'target_too_long' });
  });

  it('none for the longest target that is taken', async () => {
    const path = `/deals?q=${'x'.repeat(8_192 - 9)}`;
    expect((await sendRaw(gateway.port, rawRequest(`GET ${path} HTTP/1.1`, [authorization]))).status).toBe(
      200,
    );
  });

  it('431 for more headers than 16 KiB', async () => {
    const bytes = rawRequest('GET /deals HTTP/1.1', [`X-Long: ${'x'.repeat(17_000)}`]);
    expect(await problemOf(bytes)).toMatchObject({ status: 431 });
  });
});
