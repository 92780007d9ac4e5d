import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dealSchema } from '@pipedesk/contracts';
import { buildDeal, type Person, signUp, startSystem, type System } from '../src/index.ts';

let system: System;
let admin: Person;
let dealId: string;

beforeAll(async () => {
  system = await startSystem();
  admin = await signUp(system.api);
  ({ id: dealId } = await admin.api.expect('POST', '/deals', dealSchema, { body: buildDeal() }));
  await admin.api.expect('POST', '/deals', dealSchema, { body: buildDeal() });
}, 90_000);
afterAll(() => system?.close());

interface Case {
  does: string;
  method?: string;
  path: string | (() => string);
  send?: { body?: unknown; text?: string; headers?: Record<string, string> };
  status: number;
  code: string;
  field?: string;
}

const cases: Case[] = [
  {
    does: 'malformed JSON',
    path: '/deals',
    send: { text: '{"name": ' },
    status: 400,
    code: 'malformed_json',
  },
  {
    does: 'an unknown field',
    path: '/deals',
    send: { body: { name: 'x', tenantId: 'y' } },
    status: 400,
    code: 'invalid_request',
    field: 'tenantId',
  },
  {
    does: 'a wrong type',
    path: '/deals',
    send: { body: { name: 7 } },
    status: 400,
    code: 'invalid_request',
    field: 'name',
  },
  {
    does: 'a nested wrong type',
    path: '/deals',
    send: { body: buildDeal({ amount: { amount: 1.5, currency: 'USD' } }) },
    status: 400,
    code: 'invalid_request',
    field: 'amount.amount',
  },
  {
    does: 'an empty patch',
    method: 'PATCH',
    path: () => `/deals/${dealId}`,
    send: { body: {} },
    status: 400,
    code: 'invalid_request',
  },
  {
    does: 'an operator for a value',
    path: '/deals',
    send: { body: { name: { $ne: '' } } },
    status: 400,
    code: 'invalid_request',
    field: 'name',
  },
  {
    does: 'a body of another type',
    path: '/deals',
    send: { text: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    does: 'an oversize body',
    path: '/deals',
    send: { body: { name: 'x'.repeat(1_100_000) } },
    status: 413,
    code: 'body_too_large',
  },
  {
    does: 'an id that is none',
    method: 'GET',
    path: '/deals/42',
    status: 400,
    code: 'invalid_request',
    field: 'id',
  },
  {
    does: 'an id nobody has',
    method: 'GET',
    path: '/deals/019b0000-0000-7000-8000-000000000000',
    status: 404,
    code: 'deal_not_found',
  },
  {
    does: 'an unknown filter',
    method: 'GET',
    path: '/deals?colour=red',
    status: 400,
    code: 'invalid_request',
    field: 'colour',
  },
  {
    does: 'a limit out of range',
    method: 'GET',
    path: '/deals?limit=101',
    status: 400,
    code: 'invalid_request',
    field: 'limit',
  },
  {
    does: 'a filter given twice',
    method: 'GET',
    path: '/deals?stage=won&stage=lost',
    status: 400,
    code: 'invalid_request',
    field: 'stage',
  },
  {
    does: 'a cursor that is none',
    method: 'GET',
    path: '/deals?cursor=abc',
    status: 400,
    code: 'invalid_cursor',
  },
  {
    does: 'an If-Match that is none',
    method: 'PATCH',
    path: () => `/deals/${dealId}`,
    send: { body: { name: 'x' }, headers: { 'if-match': 'three' } },
    status: 400,
    code: 'invalid_if_match',
  },
  {
    does: 'a version that is past',
    method: 'PATCH',
    path: () => `/deals/${dealId}`,
    send: { body: { name: 'x' }, headers: { 'if-match': '"9"' } },
    status: 412,
    code: 'version_mismatch',
  },
  {
    does: 'an unknown kind of record',
    method: 'GET',
    path: '/timeline/spaceship/019b0000-0000-7000-8000-000000000000',
    status: 400,
    code: 'invalid_request',
    field: 'entityType',
  },
  {
    does: 'a date range in reverse',
    method: 'GET',
    path: '/audit-logs?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z',
    status: 400,
    code: 'invalid_request',
    field: 'to',
  },
  { does: 'an unknown path', method: 'GET', path: '/spaceships', status: 404, code: 'route_not_found' },
  {
    does: 'a method a path does not have',
    method: 'PUT',
    path: '/deals',
    send: { body: {} },
    status: 405,
    code: 'method_not_allowed',
  },
];

describe('bad input through the gateway', () => {
  it.each(cases)(
    'answers $does with $status $code',
    async ({ method = 'POST', path, send, status, code, field }) => {
      const answer = await admin.api.call(method, typeof path === 'string' ? path : path(), send);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer).toMatchObject({
        status,
        body: { status, code, requestId: expect.any(String), detail: expect.any(String) },
      });
      expect(answer.body).not.toHaveProperty('stack');
      if (field !== undefined)
        expect((answer.body as { errors: { path: string }[] }).errors.map((error) => error.path)).toContain(
          field,
        );
    },
  );

  it('refuses the cursor of one list in another', async () => {
    const { body } = await admin.api.call('GET', '/deals?limit=1');
    const { nextCursor } = body as { nextCursor: string };
    expect((await admin.api.call('GET', `/deals?limit=1&cursor=${nextCursor}`)).status).toBe(200);
    for (const path of [
      '/leads?limit=1',
      '/deals?limit=1&stage=won',
      '/audit-logs?limit=1',
      `/timeline/deal/${dealId}?limit=1`,
    ]) {
      const answer = await admin.api.call('GET', `${path}&cursor=${nextCursor}`);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
    }
  });
});
