import { expect } from '@jest/globals';
import { type Attack, bytesOf, expectEverywhere, expectProblem, guardedPaths } from './attack.ts';
import { expectAudited, timesEverywhere } from './refusals.ts';
import type { Answer, Door } from './wire.ts';
import type { World } from './world.ts';

/** The same deed at a service and at the gateway. */
const doors = ['crm', 'api-gateway'] as const;

const identities: Record<string, string>[] = [
  { 'x-user-role': 'admin' },
  { 'x-user-role': 'admin', 'x-user-id': '019b0000-0000-7000-8000-000000000000' },
  { X_User_Role: 'admin' },
  { 'x-role': 'admin', 'x-tenant-id': '019b0000-0000-7000-8000-000000000000' },
  { 'x-original-url': '/auth/login', 'x-rewrite-url': '/auth/login', 'x-forwarded-uri': '/auth/login' },
];

async function viewersDeletion(world: World, door: Door, headers: Record<string, string>): Promise<Answer> {
  const { token } = world.a.members.viewer;
  return world.wire.send(door, {
    method: 'DELETE',
    path: `/deals/${world.a.records.deals.sales}`,
    token,
    headers,
  });
}

/** A raw request with a token, and the bytes of its answer watched like any other. */
function rawAs(world: World, door: Door, token: string, line: string, headers: string[] = [], body = '') {
  const all = [`Authorization: Bearer ${token}`, ...headers];
  return world.wire.raw(door, bytesOf(line, all, body), token);
}

const strangePaths = [
  '/public/../audit-logs',
  '/deals/%2e%2e/audit-logs',
  '//audit-logs',
  '/deals;role=admin',
  '/deals%2f..%2faudit-logs',
  '/deals/..%5caudit-logs',
  '/%61udit-logs/..;/audit-logs',
  '/AUDIT-LOGS',
  '/Deals',
  '/audit-logs/',
  '/internal/../audit-logs',
];

export const edgeAttacks: Attack[] = [
  {
    where: 'header',
    name: 'identity headers without a token, also at a service itself',
    expected: '401, audit event',
    run: async (world, forge) => {
      const since = new Date();
      for (const headers of identities)
        await expectEverywhere(world, [401], (door, path) => world.wire.send(door, { path, headers }));
      // The last of them claims no identity.
      const times = timesEverywhere(world, identities.length - 1);
      await expectAudited(world, forge, since, 'identity_headers', { belongsTo: 'platform', times });
    },
  },
  {
    where: 'header',
    name: "x-user-role: admin beside a viewer's JWT",
    expected: 'ignored and audited: 403',
    run: async (world, forge) => {
      const since = new Date();
      for (const door of doors)
        for (const headers of identities)
          expect((await viewersDeletion(world, door, headers)).status).toBe(403);
      const times = new Map(doors.map((door) => [door, identities.length - 1]));
      await expectAudited(world, forge, since, 'identity_headers', { belongsTo: 'tenant', times });
    },
  },
  {
    where: 'header',
    name: 'x-user-role twice, and in several spellings',
    expected: 'ignored: 403',
    run: async (world) => {
      const { token } = world.a.members.viewer;
      const line = `DELETE /deals/${world.a.records.deals.sales} HTTP/1.1`;
      const headers = [
        'X-User-Role: viewer',
        'X-User-Role: admin',
        'X_USER_ROLE: admin',
        'x-UsEr-RoLe: admin',
      ];
      for (const door of doors) expect((await rawAs(world, door, token, line, headers)).status).toBe(403);
    },
  },
  {
    where: 'header',
    name: "x-tenant-id of another tenant beside one's own JWT",
    expected: 'ignored: 404',
    run: async (world) => {
      const { token } = world.a.members.admin;
      const headers = { 'x-tenant-id': world.b.id, 'x-tenant': world.b.id };
      for (const door of doors) {
        const path = `/deals/${world.b.records.deals.sales}`;
        expect((await world.wire.send(door, { path, token, headers })).status).toBe(404);
      }
    },
  },
  {
    where: 'header',
    name: 'X-HTTP-Method-Override and its kin',
    expected: 'ignored',
    run: async (world) => {
      const { token } = world.a.members.admin;
      const path = `/deals/${world.a.records.deals.admin}`;
      const names = ['x-http-method-override', 'x-http-method', 'x-method-override'];
      const headers = Object.fromEntries(names.map((name) => [name, 'DELETE']));
      for (const door of doors) {
        expect((await world.wire.send(door, { path, token, headers })).status).toBe(200);
        expect((await world.wire.send(door, { path: `${path}?_method=DELETE`, token })).status).toBeLessThan(
          500,
        );
        expect((await world.wire.send(door, { path, token })).status).toBe(200);
      }
    },
  },
  {
    where: 'header',
    name: 'X-Original-URL to a path the role may not have',
    expected: 'ignored',
    run: async (world) => {
      const { token } = world.a.members.viewer;
      const headers = { 'x-original-url': '/imports', 'x-rewrite-url': '/imports' };
      for (const door of doors) {
        const [plain, tricked] = await Promise.all([
          world.wire.send(door, { path: '/deals?limit=1', token }),
          world.wire.send(door, { path: '/deals?limit=1', token, headers }),
        ]);
        expect([tricked.status, tricked.text]).toEqual([200, plain.text]);
      }
    },
  },
  {
    where: 'header',
    name: 'Connection: naming a header that is believed',
    expected: 'ignored or 401',
    run: async (world) => {
      const { token } = world.a.members.viewer;
      const headers = ['Connection: close, authorization, x-request-id, x-forwarded-for, traceparent'];
      const line = `DELETE /deals/${world.a.records.deals.sales} HTTP/1.1`;
      for (const door of doors)
        expect([401, 403]).toContain((await rawAs(world, door, token, line, headers)).status);
    },
  },
  {
    where: 'header',
    name: 'two Host headers, or none',
    expected: '400',
    run: async (world) => {
      const { token } = world.a.members.viewer;
      const none = `GET /deals HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`;
      expect((await rawAs(world, 'api-gateway', token, 'GET /deals HTTP/1.1', ['Host: evil'])).status).toBe(
        400,
      );
      for (const door of doors) expect((await world.wire.raw(door, none, token)).status).toBe(400);
    },
  },
  ...(
    [
      ['Content-Length and Transfer-Encoding together', ['Content-Length: 4', 'Transfer-Encoding: chunked']],
      ['Transfer-Encoding: xchunked', ['Transfer-Encoding: xchunked']],
      ['Transfer-Encoding: chunked, identity', ['Transfer-Encoding: chunked, identity']],
      ['two lengths', ['Content-Length: 4', 'Content-Length: 5']],
      ['a header folded over two lines', ['X-Folded: a', ' b: c']],
      ['a space before the colon', ['Content-Length : 4']],
    ] as const
  ).map(([name, headers]): Attack => ({
    where: 'HTTP',
    name,
    expected: '400',
    run: async (world) => {
      const { token } = world.a.members.sales;
      const json = ['Content-Type: application/json', ...headers];
      for (const door of doors) {
        const answer = await rawAs(world, door, token, 'POST /deals HTTP/1.1', json, '0\r\n\r\n');
        expect({ door, status: answer.status }).toEqual({ door, status: 400 });
        if (door === 'api-gateway') expectProblem(door, answer);
      }
    },
  })),
  {
    where: 'HTTP',
    name: 'dot segments, empty segments, ";", encoded separators, another case',
    expected: 'never more than by the plain path; 400 or 404',
    run: async (world) => {
      const { token } = world.a.members.admin;
      for (const door of ['api-gateway', 'audit', 'crm'] as const)
        for (const path of strangePaths) {
          const answer = await rawAs(world, door, token, `GET ${path} HTTP/1.1`);
          expect({ door, path, refused: [400, 404].includes(answer.status) || answer.status }).toEqual({
            door,
            path,
            refused: true,
          });
        }
    },
  },
  {
    where: 'HTTP',
    name: 'an absolute-form target',
    expected: '400 at the gateway; at a service the decision of the plain path',
    run: async (world) => {
      const { token } = world.a.members.viewer;
      const line = 'GET http://evil.example.com/imports HTTP/1.1';
      expect((await rawAs(world, 'api-gateway', token, line)).status).toBe(400);
      expect((await rawAs(world, 'crm', token, line)).status).toBe(403);
    },
  },
  {
    where: 'HTTP',
    name: 'HEAD on a GET route',
    expected: "GET's decision",
    run: async (world) => {
      const { viewer, admin } = world.a.members;
      const cases = [
        [viewer, `/deals/${world.a.records.deals.sales}`, 200],
        [viewer, '/imports', 403],
        [admin, `/deals/${world.b.records.deals.sales}`, 404],
      ] as const;
      for (const door of doors)
        for (const [{ token }, path, status] of cases)
          expect({
            door,
            path,
            status: (await world.wire.send(door, { method: 'HEAD', path, token })).status,
          }).toEqual({ door, path, status });
    },
  },
  {
    where: 'HTTP',
    name: 'TRACE, PUT or an invented verb',
    expected: '405, or 400 where it is not HTTP',
    run: async (world) => {
      const { token } = world.a.members.admin;
      for (const door of doors)
        for (const [verb, status] of [
          ['TRACE', 405],
          ['PUT', 405],
          ['PROPFIND', 405],
          ['CONNECT', 405],
          ['INVENT', 400],
        ] as const) {
          const answer = await rawAs(
            world,
            door,
            token,
            `${verb} ${verb === 'CONNECT' ? 'evil:80' : '/deals'} HTTP/1.1`,
          );
          // A service cuts a CONNECT off; only the gateway says why.
          const expected = verb === 'CONNECT' && door === 'crm' ? 0 : status;
          expect({ door, verb, status: answer.status || 0 }).toEqual({ door, verb, status: expected });
        }
    },
  },
  {
    where: 'HTTP',
    name: "a service's internal paths through the gateway",
    expected: '404',
    run: async (world) => {
      const { token } = world.a.members.admin;
      const deal = world.a.records.deals.sales;
      for (const path of [
        `/internal/activity/deal/${deal}`,
        '/internal/revocations',
        '/metrics/../internal/revocations',
      ])
        expect([400, 404]).toContain((await world.wire.send('api-gateway', { path, token })).status);
    },
  },
  {
    where: 'HTTP',
    name: "a user's token where only services are answered",
    expected: '401',
    run: async (world) => {
      for (const { token } of [world.a.members.admin, world.a.members.viewer])
        expect((await world.wire.send('auth', { path: '/internal/revocations', token })).status).toBe(401);
    },
  },
  {
    where: 'HTTP',
    name: 'every guarded path without a token, by every verb',
    expected: '401 or 405',
    run: async (world) => {
      for (const [door, path] of guardedPaths(world))
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
          expect([401, 404, 405]).toContain((await world.wire.send(door, { method, path })).status);
    },
  },
];
