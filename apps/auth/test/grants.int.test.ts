import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChangeEvent, TokenAnswer } from '@pipedesk/contracts';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { addMember, signUp } from './accounts.ts';
import { type GuardedService, startGuardedService } from './guarded-service.ts';
import { type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
let withBus: GuardedService;
let withoutBus: GuardedService;
beforeAll(async () => {
  auth = await startAuth();
  withBus = await startGuardedService(auth);
  withoutBus = await startGuardedService(auth, { withBus: false });
});
afterAll(async () => {
  await withBus.stop();
  await withoutBus.stop();
  await auth.stop();
});

const reason = 'Stands in during the holidays';
const imports = { permission: 'imports:read', scope: 'all', reason };

function grant(admin: TokenAnswer, body: object, headers: Record<string, string> = {}) {
  return auth.request('POST', '/auth/grants', { body, token: admin.accessToken, headers });
}
function revoke(admin: TokenAnswer, id: string, headers: Record<string, string> = {}) {
  return auth.request('DELETE', `/auth/grants/${id}`, { token: admin.accessToken, headers });
}

/** The promise is a second; the machine that runs the tests may be busy with much else. */
const within = 5_000;

async function untilAnswers(service: GuardedService, token: string, status: number): Promise<void> {
  const deadline = Date.now() + within;
  for (;;) {
    const answer = await service.request('GET', '/imports', { token });
    if (answer.status === status) return;
    if (Date.now() > deadline) throw new Error(`still answers ${answer.status}`);
    await sleep(25);
  }
}

describe('a grant', () => {
  it('is kept with its reason and giver, is listed, and leaves its trail', async () => {
    const admin = await signUp(auth);
    const member = await addMember(auth, admin, 'sales');
    const to = { userId: member.user.id };
    const { status, body } = await grant(admin, { ...imports, to });
    expect(status).toBe(201);
    const { id, name } = admin.user;
    expect(body).toMatchObject({ ...imports, to, expiresAt: null, version: 1, grantedBy: { id, name } });
    const ask = (path: string) => auth.request('GET', path, { token: admin.accessToken });
    expect((await ask(`/auth/grants/${body.id}`)).body).toEqual(body);
    expect((await ask('/auth/grants?permission=imports:read')).body.items).toEqual([body]);
    expect((await ask('/auth/grants?permission=deals:edit')).body.items).toEqual([]);
    expect((await revoke(admin, body.id)).status).toBe(204);
    expect((await ask('/auth/grants')).body.items).toEqual([]);
    expect(await revoke(admin, body.id)).toMatchObject({ status: 404, body: { code: 'grant_not_found' } });
    // Without an audit service nothing leaves the outbox.
    const stored = await auth.connection
      .collection<{ _id: string; _outbox: ChangeEvent[] }>('grants')
      .findOne({ _id: body.id });
    const events = stored?._outbox ?? [];
    expect(events.map(({ type }) => type)).toEqual(['auth.grant.created', 'auth.grant.deleted']);
    expect(events[0]?.data).toMatchObject({
      after: { reason, to },
      actor: { id },
      context: { authority: { rule: 'grants:manage/all' } },
    });
  });

  it('honours Idempotency-Key and If-Match', async () => {
    const admin = await signUp(auth);
    const body = { ...imports, to: { role: 'sales' } };
    const key = { 'idempotency-key': randomUUID() };
    const [first, again] = [await grant(admin, body, key), await grant(admin, body, key)];
    expect(again.body).toEqual(first.body);
    expect(await grant(admin, { ...body, scope: 'own' }, key)).toMatchObject({ status: 422 });
    expect((await revoke(admin, first.body.id, { 'if-match': '"2"' })).status).toBe(412);
    expect((await revoke(admin, first.body.id, { 'if-match': '"1"' })).status).toBe(204);
  });

  it.each([
    ['what admins alone may', { permission: 'audit:erase' }, 422, 'permission_not_grantable'],
    ['administration', { permission: 'users:invite' }, 422, 'permission_not_grantable'],
    ['grants themselves', { permission: 'grants:manage' }, 422, 'permission_not_grantable'],
    ['more than the giver has', { permission: 'notes:edit' }, 403, 'grant_above_own'],
    ['to admins', { to: { role: 'admin' } }, 400, 'invalid_request'],
    ['to two', { to: { role: 'sales', userId: uuidv7() } }, 400, 'invalid_request'],
    ['to nobody of the tenant', { to: { userId: uuidv7() } }, 422, 'unknown_user'],
    ['to no team of the tenant', { to: { teamId: uuidv7() } }, 422, 'unknown_team'],
    ['for a time that is over', { expiresAt: '2026-01-01T00:00:00Z' }, 422, 'invalid_expiry'],
    ['what there is not', { permission: 'rockets:launch' }, 400, 'invalid_request'],
    ['without a reason', { reason: undefined }, 400, 'invalid_request'],
  ])('of %s is refused', async (_, wrong, status, code) => {
    const admin = await signUp(auth);
    const answer = await grant(admin, { ...imports, to: { role: 'sales' }, ...wrong });
    expect(answer).toMatchObject({ status, body: { code } });
  });

  it("to another tenant's user or team is refused as to nobody, and so is a manager who gives", async () => {
    const [admin, other] = [await signUp(auth), await signUp(auth)];
    expect(await grant(admin, { ...imports, to: { userId: other.user.id } })).toMatchObject({
      status: 422,
      body: { code: 'unknown_user' },
    });
    const given = await grant(other, { ...imports, to: { role: 'sales' } });
    expect((await revoke(admin, given.body.id)).status).toBe(404);
    const manager = await addMember(auth, admin, 'manager');
    expect(await grant(manager, { ...imports, to: { userId: manager.user.id } })).toMatchObject({
      status: 403,
      body: { permission: 'grants:manage', rule: 'grants:manage/none' },
    });
  });
});

describe.each([
  ['with the bus', () => withBus],
  ['without the bus', () => withoutBus],
] as const)('another service %s', (_, door) => {
  it('lets somebody in by a grant, without a new token, and no more once it is taken back', async () => {
    const admin = await signUp(auth);
    const member = await addMember(auth, admin, 'sales');
    const colleague = await addMember(auth, admin, 'sales');
    const { accessToken: token } = member;
    await untilAnswers(door(), token, 403);
    const given = await grant(admin, { ...imports, to: { userId: member.user.id } });
    await untilAnswers(door(), token, 200);
    expect((await door().request('GET', '/imports', { token })).body.rule).toBe(`grant/${given.body.id}`);
    expect((await door().request('GET', '/imports', { token: colleague.accessToken })).status).toBe(403);
    await revoke(admin, given.body.id);
    await untilAnswers(door(), token, 403);
  });

  it('knows when a grant ends, without being told', async () => {
    const admin = await signUp(auth);
    const { accessToken: token } = await addMember(auth, admin, 'viewer');
    const expiresAt = new Date(Date.now() + 2_500).toISOString();
    await grant(admin, { ...imports, to: { role: 'viewer' }, expiresAt });
    await untilAnswers(door(), token, 200);
    await untilAnswers(door(), token, 403);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
  });
});

describe('a service that was down meanwhile', () => {
  it('knows from its first answer what was given and taken back', async () => {
    const admin = await signUp(auth);
    const [held, lost] = [await addMember(auth, admin, 'sales'), await addMember(auth, admin, 'sales')];
    await grant(admin, { ...imports, to: { userId: held.user.id } });
    const given = await grant(admin, { ...imports, to: { userId: lost.user.id } });
    await revoke(admin, given.body.id);
    const service = await startGuardedService(auth);
    try {
      expect((await service.request('GET', '/imports', { token: held.accessToken })).status).toBe(200);
      expect((await service.request('GET', '/imports', { token: lost.accessToken })).status).toBe(403);
    } finally {
      await service.stop();
    }
  });
});

describe('an API key', () => {
  it('may have what its owner was granted, and loses it with the grant', async () => {
    const admin = await signUp(auth);
    const owner = await addMember(auth, admin, 'sales');
    const given = await grant(admin, { ...imports, to: { userId: owner.user.id } });
    const made = await auth.request('POST', '/auth/api-keys', {
      token: owner.accessToken,
      body: { name: 'Reports', permissions: ['imports:read'] },
    });
    expect(made.status).toBe(201);
    const { body } = await auth.request('POST', '/auth/token', { body: { apiKey: made.body.key } });
    await untilAnswers(withBus, body.accessToken, 200);
    await revoke(admin, given.body.id);
    await untilAnswers(withBus, body.accessToken, 403);
    const refused = await withBus.request('GET', '/imports', { token: body.accessToken });
    expect(refused.body).toMatchObject({ permission: 'imports:read', rule: 'imports:read/none' });
  });
});
