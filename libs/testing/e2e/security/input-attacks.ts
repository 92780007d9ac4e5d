import { expect } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { type Attack, bytesOf, expectProblem } from './attack.ts';
import type { Door, Sent } from './wire.ts';
import { must, type World } from './world.ts';

const doors = ['crm', 'api-gateway'] as const;

/** The same refusal at the service and at the gateway, as a problem. */
async function expectRefused(world: World, status: number, sent: Sent): Promise<void> {
  const { token } = world.a.members.sales;
  for (const door of doors) {
    const answer = await world.wire.send(door, { token, ...sent });
    expect({ door, path: sent.path, status: answer.status }).toEqual({ door, path: sent.path, status });
    expectProblem(door, answer);
  }
}

const post = (body: unknown, headers: Record<string, string> = {}): Sent => ({
  method: 'POST',
  path: '/deals',
  body,
  headers,
});
const json = { 'content-type': 'application/json' };
const deep = (open: string, close: string) => `{"name":${open.repeat(40_000)}1${close.repeat(40_000)}}`;

export const inputAttacks: Attack[] = [
  {
    where: 'input',
    name: 'operators in filters and bodies: $ne, $where, $expr, $gt',
    expected: '400',
    run: async (world) => {
      for (const query of [
        'stage[$ne]=won',
        'stage[$where]=1',
        '$where=sleep(1)',
        '$expr[$eq]=1',
        'ownerId[$gt]=',
        'stage=won&stage[$ne]=x',
      ])
        await expectRefused(world, 400, { path: `/deals?${query}` });
      for (const operator of ['$ne', '$where', '$expr', '$gt', '$function'])
        for (const body of [
          { name: { [operator]: '' } },
          { name: 'x', [operator]: 1 },
          { name: 'x', customFields: { [operator]: 'x' } },
        ])
          await expectRefused(world, 400, post(body));
    },
  },
  {
    where: 'input',
    name: '__proto__ and constructor',
    expected: '400, prototypes clean',
    run: async (world) => {
      for (const body of [
        '{"name":"x","__proto__":{"role":"admin"}}',
        '{"name":"x","constructor":{"prototype":{"role":"admin"}}}',
        '{"name":"x","amount":{"amount":1,"currency":"USD","__proto__":{"a":1}}}',
      ])
        await expectRefused(world, 400, post(body));
      const { token } = world.a.members.sales;
      const odd = '{"name":"x","customFields":{"__proto__":"polluted"}}';
      const answer = await world.wire.send('crm', { token, ...post(odd) });
      // Either refused or without the member; never an object with another prototype.
      expect(answer.status === 400 || !answer.text.includes('polluted')).toBe(true);
      const { body } = await must(world.wire, 'crm', 201, { token, ...post({ name: 'Clean' }) });
      expect((body as { role?: string }).role).toBeUndefined();
      expect((body as { customFields: object }).customFields).toEqual({});
    },
  },
  {
    where: 'input',
    name: 'NUL and lone surrogates',
    expected: '400',
    run: async (world) => {
      for (const name of ['"a\\u0000b"', '"\\ud800"', '"a\\udfffb"'])
        for (const body of [`{"name":${name}}`, `{"name":"x","customFields":{"note":${name}}}`])
          await expectRefused(world, 400, post(body));
      await expectRefused(world, 400, { path: '/companies?name=%00' });
    },
  },
  {
    where: 'input',
    name: 'a search for (a+)+$',
    expected: 'taken literally',
    run: async (world) => {
      const { token } = world.a.members.sales;
      const name = '(a+)+$';
      await must(world.wire, 'crm', 201, { method: 'POST', path: '/companies', token, body: { name } });
      await must(world.wire, 'crm', 201, {
        method: 'POST',
        path: '/companies',
        token,
        body: { name: 'a'.repeat(60) },
      });
      for (const door of doors) {
        const { body } = await must(world.wire, door, 200, {
          path: `/companies?name=${encodeURIComponent(name)}`,
          token,
        });
        expect((body as { items: { name: string }[] }).items.map((item) => item.name)).toEqual([name]);
      }
    },
  },
  {
    where: 'input',
    name: 'JSON 40,000 levels deep',
    expected: '400',
    run: async (world) => {
      await expectRefused(world, 400, post(deep('[', ']')));
      await expectRefused(world, 400, post(deep('{"a":', '}')));
    },
  },
  {
    where: 'input',
    name: 'a body of more than 1 MB, announced or in chunks',
    expected: '413',
    run: async (world) => {
      const body = JSON.stringify({ name: 'x'.repeat(1_100_000) });
      await expectRefused(world, 413, post(body));
      const { token } = world.a.members.sales;
      const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
      const headers = [
        `Authorization: Bearer ${token}`,
        'Content-Type: application/json',
        'Transfer-Encoding: chunked',
      ];
      for (const door of doors)
        expect(
          (await world.wire.raw(door, bytesOf('POST /deals HTTP/1.1', headers, chunk), token)).status,
        ).toBe(413);
    },
  },
  {
    where: 'input',
    name: 'charset=utf-7, other types, unknown encodings',
    expected: '415',
    run: async (world) => {
      for (const type of [
        'application/json; charset=utf-7',
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
      ])
        await expectRefused(world, 415, post('{"name":"x"}', { 'content-type': type }));
      await expectRefused(world, 415, post('{"name":"x"}', { ...json, 'content-encoding': 'compress' }));
    },
  },
  {
    where: 'output',
    name: 'a forced error',
    expected: 'problem+json without a stack',
    run: async (world) => {
      const { token } = world.a.members.sales;
      for (const path of [
        '/deals/%E0%A4%A',
        '/deals/%ff',
        '/nowhere',
        '/deals/7',
        `/deals?cursor=${'a'.repeat(900)}`,
      ])
        for (const door of doors) {
          const answer = await world.wire.send(door, { path, token });
          expect([400, 404]).toContain(answer.status);
          expectProblem(door, answer);
          expect(answer.headers['x-powered-by']).toBeUndefined();
        }
    },
  },
  {
    where: 'output',
    name: 'line breaks in what is logged',
    expected: 'encoded: each log line is one JSON document',
    run: async (world) => {
      const { token } = world.a.members.sales;
      const path = '/deals/%0d%0a{"level":"fatal"}%0a?x=%0d%0aforged';
      const headers = { 'user-agent': 'a\tb "} {"forged":true', 'x-request-id': 'x y"}' };
      for (const door of doors)
        await world.wire.send(door, { path: encodeURI(decodeURI(path)), token, headers });
      for (const door of doors) expect(unreadableLines(world, door)).toEqual([]);
    },
  },
  {
    where: 'output',
    name: 'answers sniffed, framed or cached',
    expected: 'nosniff on every answer; no token in a cache',
    run: async (world) => {
      const { token } = world.a.members.sales;
      for (const door of doors)
        for (const path of ['/deals', '/nowhere', '/deals/7'])
          expect((await world.wire.send(door, { path, token })).headers['x-content-type-options']).toBe(
            'nosniff',
          );
    },
  },
];

/** Node's own warnings are text; everything else a service says is JSON. */
function unreadableLines(world: World, door: Door): string[] {
  const lines = readFileSync(world.system.services.logFile(door), 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !isJson(line) && !/^\(node|^\(Use `node/.test(line));
}

function isJson(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
}
