import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { z } from 'zod';
import { serve, type TestService } from '../../test/serve.ts';
import { conflict, notFound } from './problem.ts';
import { audited, notAudited, publicRoute, route } from './route.ts';

const open = { permission: publicRoute('a test'), audit: notAudited('a test') };
const params = z.strictObject({ id: z.string().regex(/^\d+$/, 'must be digits') });
const bodySchema = z.strictObject({
  name: z.string(),
  tags: z.array(z.strictObject({ text: z.string() })).default([]),
});
const anything = z.looseObject({});

const routes = [
  route({
    ...open,
    method: 'post',
    path: '/things/:id',
    summary: 'Echo',
    params,
    query: z.strictObject({ limit: z.coerce.number().int().max(100).default(25) }),
    body: bodySchema,
    response: anything,
    status: 201,
    handle: ({ params: { id }, query, body, ifMatch, idempotencyKey, origin }) => ({
      ...{ id, query, body, ifMatch, idempotencyKey, origin },
      version: 3,
    }),
  }),
  route({
    ...open,
    method: 'get',
    path: '/things/:id',
    summary: 'Read',
    params,
    response: z.object({ id: z.string(), version: z.number() }),
    handle: ({ params: { id } }) => ({ id, version: 7, secret: 'dropped' }),
  }),
  route({
    ...open,
    method: 'delete',
    path: '/things/:id',
    summary: 'Delete',
    params,
    response: z.void(),
    status: 204,
    handle: () => undefined,
  }),
  route({
    ...open,
    method: 'get',
    path: '/fail/:how',
    summary: 'Fail',
    params: z.strictObject({ how: z.string() }),
    response: z.object({ id: z.string() }),
    handle: ({ params: { how } }) => {
      if (how === 'expected') throw conflict('taken', { extra: { by: 'Ada' } });
      if (how === 'defect') throw new Error('the password is hunter2');
      if (how === 'contract') return { id: 5 } as never;
      throw notFound('thing_not_found');
    },
  }),
  route({
    method: 'get',
    path: '/guarded',
    summary: 'Needs a token',
    permission: 'deals:read',
    audit: audited('crm.deal.updated'),
    response: anything,
    handle: () => ({}),
  }),
];

let service: TestService;
beforeAll(async () => {
  service = await serve(routes);
});
afterAll(() => service.http.close());

const json = { 'content-type': 'application/json' };

describe('a request', () => {
  it('reaches its handler with every part checked, defaults filled in', async () => {
    const { status, body, headers } = await service.json('POST', '/things/17', { name: 'A' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ id: '17', query: { limit: 25 }, body: { name: 'A', tags: [] } });
    expect(headers.etag).toBe('"3"');
  });

  it.each([
    ['params', '/things/x', { name: 'A' }, ['id']],
    ['query', '/things/1?limit=1000', { name: 'A' }, ['limit']],
    ['query', '/things/1?limit=1&limit=2', { name: 'A' }, ['limit']],
    ['query', '/things/1?nope=1', { name: 'A' }, ['nope']],
    ['body', '/things/1', {}, ['name']],
    ['body', '/things/1', { name: 'A', x: 1, y: 2 }, ['x', 'y']],
    ['body', '/things/1', { name: 'A', tags: [{ text: 'a' }, { text: 5 }] }, ['tags.1.text']],
    ['body', '/things/1', { name: 'A', tags: [{ text: 'a', z: 1 }] }, ['tags.0.z']],
    ['body', '/things/1', [], ['']],
  ])('with wrong %s is refused with 400 and each field: %s %j', async (part, path, body, fields) => {
    const answer = await service.json('POST', path, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', title: 'Bad Request' } });
    expect(answer.body.errors).toMatchObject(fields.map((field) => ({ in: part, path: field })));
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  it.each([
    ['malformed JSON', '{"name":', json, 400, 'malformed_json'],
    ['a JSON text that is no object', '"text"', json, 400, 'malformed_json'],
    ['an empty body', '', json, 400, 'invalid_request'],
    [
      'another content type',
      'name=A',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported_media_type',
    ],
    ['no content type', '{"name":"A"}', {}, 415, 'unsupported_media_type'],
    ['an unknown encoding', '{}', { ...json, 'content-encoding': 'zip' }, 415, 'unsupported_encoding'],
    [
      'another charset',
      '{}',
      { 'content-type': 'application/json; charset=x-mac' },
      415,
      'unsupported_charset',
    ],
    ['a body too large', JSON.stringify({ name: 'x'.repeat(300_000) }), json, 413, 'body_too_large'],
  ])('with %s is refused', async (_, body, headers, status, code) => {
    expect(await service.send('POST', '/things/1', { body, headers })).toMatchObject({
      status,
      body: { code },
    });
  });

  it.each(['/things/%E0%A4%A', '/things/%zz'])('with a broken path %s is refused with 400', async (path) => {
    expect(await service.send('GET', path)).toMatchObject({ status: 400, body: { code: 'malformed_path' } });
  });

  it.each([
    '{"name":"A","__proto__":{"admin":true}}',
    '{"name":"A","tags":[{"text":"a","__proto__":{"admin":true}}]}',
  ])('cannot reach a prototype: %s', async (body) => {
    const answer = await service.send('POST', '/things/1', { body, headers: json });
    expect(Reflect.get({}, 'admin')).toBeUndefined();
    expect(JSON.stringify(answer.body)).not.toContain('admin');
    expect([201, 400]).toContain(answer.status);
  });

  it.each([
    ['"3"', 3],
    ['W/"3"', 3],
    ['*', undefined],
  ])('expects the version in If-Match: %s', async (header, ifMatch) => {
    const { body } = await service.send('POST', '/things/1', {
      headers: { ...json, 'if-match': header },
      body: '{"name":"A"}',
    });
    expect(body.ifMatch).toBe(ifMatch);
  });

  it.each([
    ['if-match', '3', 'invalid_if_match'],
    ['if-match', '"x"', 'invalid_if_match'],
    ['if-match', '"1", "2"', 'invalid_if_match'],
    ['if-match', '"99999999999999999999"', 'invalid_if_match'],
    ['idempotency-key', '', 'invalid_idempotency_key'],
    ['idempotency-key', 'two words', 'invalid_idempotency_key'],
    ['idempotency-key', 'x'.repeat(256), 'invalid_idempotency_key'],
  ])('with the header %s: %s is refused', async (name, value, code) => {
    const answer = await service.send('POST', '/things/1', {
      headers: { ...json, [name]: value },
      body: '{"name":"A"}',
    });
    expect(answer).toMatchObject({ status: 400, body: { code } });
  });

  it('keeps its own id when that is harmless, and is given one otherwise', async () => {
    const own = await service.send('GET', '/fail/expected', { headers: { 'x-request-id': 'abc-1.2:3_4' } });
    expect([own.headers['x-request-id'], own.body.requestId]).toEqual(['abc-1.2:3_4', 'abc-1.2:3_4']);
    for (const hostile of ['a b', '<script>', 'x'.repeat(129), '']) {
      const { headers } = await service.send('GET', '/things/1', { headers: { 'x-request-id': hostile } });
      expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('tells where it came from, without believing a forwarded address of a stranger', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const headers = { ...json, 'x-forwarded-for': '203.0.113.9', 'user-agent': 'x'.repeat(600), traceparent };
    const { body } = await service.send('POST', '/things/1', { headers, body: '{"name":"A"}' });
    expect(body.origin).toMatchObject({ ip: '127.0.0.1', userAgent: 'x'.repeat(500), traceparent });
  });

  it('without a token is refused on a route that needs one', async () => {
    expect(await service.send('GET', '/guarded')).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
    });
  });
});

describe('an answer', () => {
  it('has only what its contract names, and its version as ETag', async () => {
    const { body, headers } = await service.send('GET', '/things/17');
    expect(body).toEqual({ id: '17', version: 7 });
    expect(headers).toMatchObject({ etag: '"7"', 'x-content-type-options': 'nosniff' });
    expect(headers).not.toHaveProperty('x-powered-by');
  });

  it('to HEAD has the head of GET and no body', async () => {
    const [head, get] = [await service.send('HEAD', '/things/17'), await service.send('GET', '/things/17')];
    expect(head).toMatchObject({ status: 200, text: '' });
    for (const name of ['etag', 'content-length', 'content-type'])
      expect(head.headers[name]).toBe(get.headers[name]);
  });

  it('of 204 has no body', async () => {
    expect(await service.send('DELETE', '/things/17')).toMatchObject({ status: 204, text: '' });
  });

  it('to another method of a known path is 405 and names those that are allowed', async () => {
    for (const method of ['PUT', 'OPTIONS']) {
      const answer = await service.send(method, '/things/1');
      expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST, GET, HEAD, DELETE' } });
    }
  });

  it.each(['/nothing', '/things', '/Things/1', '/things/1/', '/things/1/2'])('to %s is 404', async (path) => {
    expect(await service.send('GET', path)).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
  });

  it('to an expected failure is its problem, with what the service adds', async () => {
    const { status, body, headers } = await service.send('GET', '/fail/expected');
    expect(status).toBe(409);
    expect(body).toEqual({
      type: 'urn:pipedesk:problem:taken',
      title: 'Conflict',
      status: 409,
      detail: 'Taken.',
      code: 'taken',
      by: 'Ada',
      requestId: headers['x-request-id'],
    });
  });

  it.each(['defect', 'contract'])('to a defect (%s) is 500 without a word about its cause', async (how) => {
    const { status, text, body } = await service.send('GET', `/fail/${how}`);
    expect([status, body.code]).toEqual([500, 'internal_error']);
    expect(text).not.toMatch(/hunter2|Error:|\.ts|node_modules|invalid_type|expected/i);
  });
});

describe('the server', () => {
  it('answers bytes that are no HTTP with 400 and goes on', async () => {
    const socket = connect(service.http.port, '127.0.0.1');
    socket.write('\x16\x03\x01 nonsense\r\n\r\n');
    const reply = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(data.toString())),
    );
    expect(reply).toMatch(/^HTTP\/1.1 400/);
    socket.destroy();
    expect((await service.send('GET', '/things/1')).status).toBe(200);
  });

  it('closes as soon as the request at hand is answered, although its connection would stay', async () => {
    let finish = () => {};
    const arrived = new Promise<void>((arrive) => {
      slow = () =>
        new Promise((resolve) => {
          finish = () => resolve({});
          arrive();
        });
    });
    const own = await serve([slowRoute]);
    const answer = fetch(`http://127.0.0.1:${own.http.port}/slow`);
    await arrived;
    const closed = own.http.close().then(() => 'closed');
    finish();
    expect((await answer).status).toBe(200);
    await (await answer).text();
    const late = new Promise((resolve) => setTimeout(resolve, 5000, 'still open').unref());
    expect(await Promise.race([closed, late])).toBe('closed');
  });
});

let slow: () => Promise<Record<string, unknown>> = () => Promise.resolve({});
const slowRoute = route({
  ...open,
  method: 'get',
  path: '/slow',
  summary: 'Takes its time',
  response: anything,
  handle: () => slow(),
});
