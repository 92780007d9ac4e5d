import { expect } from '@jest/globals';
import { auditPage, type LegacyUsage } from '@pipedesk/contracts';
import { eventually } from '../../src/index.ts';
import { type Attack, expectProblem, guardedPaths } from './attack.ts';
import { expectAudited } from './refusals.ts';
import type { Answer, Sent } from './wire.ts';
import type { World } from './world.ts';

const sunset = new Date(Date.now() + 90 * 86_400_000);
/** These tests call from here. */
const listed = '127.0.0.1/32';
const elsewhere = '192.0.2.0/24';

interface Flags {
  stage?: 'observe' | 'warn' | 'deny';
  network?: string;
  until?: Date;
}

/** Runs an attack against a gateway and an auth that were started with these flags, and starts them without them again. */
async function withFlags(world: World, flags: Flags, attack: () => Promise<void>): Promise<void> {
  const { stage = 'warn', network = listed, until = sunset } = flags;
  await restart(world, {
    LEGACY_STAGES: `${world.a.id}=${stage}`,
    LEGACY_CLIENTS: `erp=${world.a.id}@${network}`,
    LEGACY_SUNSET: until.toISOString(),
  });
  try {
    await attack();
  } finally {
    await restart(world, {});
  }
}

async function restart({ system: { services } }: World, env: Record<string, string>): Promise<void> {
  for (const name of ['auth', 'api-gateway'] as const) {
    await services.stop(name);
    await services.start(name, env);
  }
}

/** A call of before there were tokens. */
function call(world: World, sent: Partial<Sent> = {}): Promise<Answer> {
  const { headers, ...rest } = sent;
  return world.wire.send('api-gateway', {
    path: '/deals?limit=1',
    ...rest,
    headers: { 'x-user-role': 'admin', ...headers },
  });
}

/** As any request without a token, and with no word about the headers. */
function expectIgnored(answer: Answer): void {
  expect(answer.status).toBe(401);
  expect(answer.body).toMatchObject({ code: 'token_missing' });
  expect(answer.headers).not.toHaveProperty('deprecation');
  expectProblem('api-gateway', answer);
}

function expectEnd({ headers }: Answer): void {
  expect(headers.deprecation).toMatch(/^@\d{10}$/);
  expect(Date.parse(String(headers.sunset))).toBe(Math.floor(sunset.getTime() / 1000) * 1000);
  expect(headers.link).toContain('rel="deprecation"');
}

async function usage(world: World): Promise<LegacyUsage> {
  const { token } = world.a.members.admin;
  return (await world.wire.send('api-gateway', { path: '/auth/legacy-usage', token })).body as LegacyUsage;
}

export const legacyAttacks: Attack[] = [
  {
    where: 'legacy',
    name: 'the flag is off',
    expected: '401',
    run: async (world) => expectIgnored(await call(world, { headers: { 'x-tenant-id': world.a.id } })),
  },
  {
    where: 'legacy',
    name: 'a client that is not listed, also with a listed address in X-Forwarded-For',
    expected: '401',
    run: (world) =>
      withFlags(world, { network: elsewhere }, async () => {
        expectIgnored(await call(world));
        expectIgnored(await call(world, { headers: { 'x-forwarded-for': '192.0.2.1' } }));
      }),
  },
  {
    where: 'legacy',
    name: 'after the sunset',
    expected: '401',
    run: (world) =>
      withFlags(world, { until: new Date(Date.now() - 1_000) }, async () => expectIgnored(await call(world))),
  },
  {
    where: 'legacy',
    name: 'an accepted call: as admin, of another tenant, at a service, beside a token, for users',
    expected: 'Deprecation + Sunset; sales at most; 401 otherwise',
    run: (world) => withFlags(world, {}, () => tryAccepted(world)),
  },
  {
    where: 'legacy',
    name: 'the stage deny',
    expected: '401 with Deprecation + Sunset, audit event',
    run: (world, forge) =>
      withFlags(world, { stage: 'deny' }, async () => {
        const since = new Date();
        const answer = await call(world);
        expect([answer.status, answer.body.code]).toEqual([401, 'legacy_denied']);
        expectEnd(answer);
        const times = new Map([['api-gateway', 1]] as const);
        await expectAudited(world, forge, since, 'legacy_refused', { belongsTo: 'tenant', times });
      }),
  },
];

async function tryAccepted(world: World): Promise<void> {
  const { a, b, wire } = world;
  const read = await call(world);
  expect(read.status).toBe(200);
  expectEnd(read);
  // Whatever the header says, it is sales: deletions are the managers'.
  expect((await call(world, { method: 'DELETE', path: `/deals/${a.records.deals.sales}` })).status).toBe(403);
  expect((await call(world, { path: `/deals/${b.records.deals.sales}` })).status).toBe(404);
  expect((await call(world, { headers: { 'x-tenant-id': b.id } })).status).toBe(401);
  expect((await call(world, { path: '/users' })).status).toBe(401);
  const beside = await call(world, { token: a.members.viewer.token });
  expect(beside.status).toBe(200);
  expect(beside.headers).not.toHaveProperty('deprecation');
  for (const [door, path] of guardedPaths(world).filter(([name]) => name !== 'api-gateway'))
    expect((await wire.send(door, { path, headers: { 'x-user-role': 'admin' } })).status).toBe(401);
  await expectSystemActor(world);
  await eventually(async () => {
    const { stage, items } = await usage(world);
    expect(stage).toBe('warn');
    expect(items.find(({ route }) => route === 'POST /deals/*')).toMatchObject({ clientId: 'erp', calls: 1 });
  }, 15_000);
}

/** What it changes is in audit under the client's name, and so is the token it was given. */
async function expectSystemActor(world: World): Promise<void> {
  // Without a canary: who calls without a token is nobody in particular.
  const body = { name: 'A deal by headers', amount: { amount: 1, currency: 'USD' } };
  const made = await call(world, { method: 'POST', path: '/deals', body });
  expect(made.status).toBe(201);
  expectEnd(made);
  const { token } = world.a.members.admin;
  const { id } = made.body as { id: string };
  await eventually(async () => {
    for (const path of [`/audit-logs/entity/deal/${id}`, '/audit-logs?entityType=legacy_access']) {
      const answer = await world.wire.send('audit', { path, token });
      expect(auditPage.parse(answer.body).items[0]?.actor).toMatchObject({
        type: 'system',
        id: 'legacy:erp',
        role: 'sales',
      });
    }
  }, 15_000);
}
