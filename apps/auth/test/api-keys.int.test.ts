import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiKey, Permission, TokenAnswer } from '@pipedesk/contracts';
import { decodeJwt } from 'jose';
import { setTimeout as sleep } from 'node:timers/promises';
import { addMember, buildUser, signUp } from './accounts.ts';
import { type GuardedService, startGuardedService } from './guarded-service.ts';
import { type Answer, type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
let service: GuardedService;
let admin: TokenAnswer;
let now = 0;
beforeAll(async () => {
  auth = await startAuth({ clock: () => new Date(Date.now() + now) });
  service = await startGuardedService(auth);
  admin = await signUp(auth);
});
afterAll(async () => {
  await service.stop();
  await auth.stop();
});

type CreatedKey = ApiKey & { key: string };
const make = (by: TokenAnswer, permissions: Permission[], more: object = {}): Promise<Answer> => {
  const body = { name: 'Nightly export', permissions, ...more };
  return auth.request('POST', '/auth/api-keys', { body, token: by.accessToken });
};
async function made(by: TokenAnswer, permissions: Permission[], more: object = {}): Promise<CreatedKey> {
  const answer = await make(by, permissions, more);
  expect(answer.status).toBe(201);
  return answer.body as CreatedKey;
}
const exchange = (apiKey: string) => auth.request('POST', '/auth/token', { body: { apiKey } });
const tokenOf = async ({ key }: CreatedKey) => (await exchange(key)).body.accessToken as string;
const revoke = (by: TokenAnswer, { id }: ApiKey) =>
  auth.request('DELETE', `/auth/api-keys/${id}`, { token: by.accessToken });

async function untilRefused(token: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while ((await service.request('GET', '/own', { token })).status !== 401) {
    if (Date.now() > deadline) throw new Error('the token is still accepted');
    await sleep(25);
  }
}

describe('an API key', () => {
  it('is shown once, and stored as a hash', async () => {
    const { key, ...record } = await made(admin, ['profile:read']);
    expect(key).toMatch(/^pdk_[\w-]{43}$/);
    const listed = await auth.request('GET', '/auth/api-keys', { token: admin.accessToken });
    expect(listed.body.items).toContainEqual(record);
    const stored = await Promise.all(
      ['api_keys', 'api_key_hashes'].map((name) => auth.connection.collection(name).find().toArray()),
    );
    expect(JSON.stringify(stored)).not.toContain(key.slice(12));
  });

  it('is exchanged for a token that acts as the key, in the name of its owner', async () => {
    const key = await made(admin, ['profile:read']);
    const answer = await service.request('GET', '/own', { token: await tokenOf(key) });
    expect(answer).toMatchObject({
      status: 200,
      body: { actor: 'api_key', apiKeyId: key.id, role: 'admin' },
    });
  });

  it('may do nothing beyond its list, here and in other services, whatever its owner may', async () => {
    const token = await tokenOf(await made(admin, ['profile:read']));
    const refused = { status: 403, body: { code: 'permission_denied' } };
    expect(await service.request('POST', '/admins', { token })).toMatchObject(refused);
    expect(await auth.request('GET', '/users', { token })).toMatchObject(refused);
    expect(await auth.request('POST', '/users', { body: buildUser(), token })).toMatchObject(refused);
    const body = { name: 'Another', permissions: ['profile:read'] };
    expect(await auth.request('POST', '/auth/api-keys', { body, token })).toMatchObject(refused);
    expect((await auth.request('GET', '/auth/me', { token })).status).toBe(200);
  });

  it('loses what its owner loses', async () => {
    const member = await addMember(auth, admin, 'manager');
    const token = await tokenOf(await made(member, ['imports:read', 'profile:read']));
    const disable = { body: { status: 'disabled' }, token: admin.accessToken };
    await auth.request('PATCH', `/users/${member.user.id}`, disable);
    await untilRefused(token);
    expect((await auth.request('GET', '/auth/me', { token })).status).toBe(401);
  });

  it('works no more once it is revoked, nor do its tokens anywhere', async () => {
    const key = await made(admin, ['profile:read']);
    const token = await tokenOf(key);
    expect((await revoke(admin, key)).status).toBe(204);
    expect(await exchange(key.key)).toMatchObject({ status: 401, body: { code: 'api_key_invalid' } });
    expect((await auth.request('GET', '/auth/me', { token })).status).toBe(401);
    await untilRefused(token);
  });

  it('expires, and its tokens not after it', async () => {
    const expiresAt = new Date(Date.now() + 120_000).toISOString();
    const key = await made(admin, ['profile:read'], { expiresAt });
    expect(decodeJwt(await tokenOf(key)).exp).toBe(Math.floor(Date.parse(expiresAt) / 1000));
    now = 121_000;
    expect((await exchange(key.key)).status).toBe(401);
    now = 0;
  });

  it('has an end within the next year', async () => {
    for (const expiresAt of ['2020-01-01T00:00:00Z', '2099-01-01T00:00:00Z'])
      expect(await make(admin, ['profile:read'], { expiresAt })).toMatchObject({
        status: 422,
        body: { code: 'invalid_expiry' },
      });
  });

  it('that was invented or guessed is refused, and after some time no more looked at', async () => {
    const answers = [];
    for (let n = 0; n < 11; n++) answers.push(await exchange(`pdk_${'A'.repeat(43)}`));
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'api_key_invalid' } });
    expect(answers.at(-1)).toMatchObject({ status: 429 });
    expect((await exchange('pdk_short')).status).toBe(400);
  });
});

describe('who has API keys', () => {
  it('nobody with more than they may do themselves', async () => {
    const sales = await addMember(auth, admin, 'sales');
    const wider = await make(sales, ['leads:read', 'audit:list']);
    expect(wider).toMatchObject({
      status: 403,
      body: { code: 'permission_above_own', permission: 'audit:list' },
    });
    expect((await make(sales, ['leads:read'])).status).toBe(201);
  });

  it('nobody one that makes keys, users or passwords', async () => {
    for (const permission of ['api_keys:create', 'profile:secure', 'users:manage'] as const)
      expect(await make(admin, [permission])).toMatchObject({
        status: 422,
        body: { code: 'permission_not_for_keys' },
      });
  });

  it('not viewers', async () => {
    const refused = await make(await addMember(auth, admin, 'viewer'), ['profile:read']);
    expect(refused).toMatchObject({ status: 403, body: { permission: 'api_keys:create' } });
  });

  it('sales see and revoke their own, admins all of the tenant, nobody those of another', async () => {
    const [one, other] = [await addMember(auth, admin, 'sales'), await addMember(auth, admin, 'sales')];
    const key = await made(one, ['leads:read']);
    expect(await revoke(other, key)).toMatchObject({ status: 404, body: { code: 'api_key_not_found' } });
    expect((await revoke(await signUp(auth), key)).status).toBe(404);
    const seenBy = async ({ accessToken: token }: TokenAnswer) =>
      (await auth.request('GET', `/auth/api-keys?ownerId=${one.user.id}`, { token })).body.items as ApiKey[];
    expect([(await seenBy(one)).length, (await seenBy(other)).length]).toEqual([1, 0]);
    expect(await seenBy(admin)).toHaveLength(1);
    expect((await revoke(admin, key)).status).toBe(204);
  });
});
