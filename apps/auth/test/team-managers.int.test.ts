import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TokenAnswer } from '@pipedesk/contracts';
import { v7 as uuidv7 } from 'uuid';
import { setTimeout as sleep } from 'node:timers/promises';
import { addMember, signUp } from './accounts.ts';
import { type GuardedService, startGuardedService } from './guarded-service.ts';
import { type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
let service: GuardedService;
beforeAll(async () => {
  auth = await startAuth();
  service = await startGuardedService(auth);
});
afterAll(async () => {
  await service.stop();
  await auth.stop();
});

async function teamOf(admin: TokenAnswer, name: string, managerIds?: string[]): Promise<string> {
  const body = { name, ...(managerIds && { managerIds }) };
  const made = await auth.request('POST', '/teams', { body, token: admin.accessToken });
  expect(made).toMatchObject({ status: 201, body: { managerIds: managerIds ?? [] } });
  return (made.body as { id: string }).id;
}

async function untilManaged(token: string, teamIds: string[]): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const { body } = await service.request('GET', '/own', { token });
    if (JSON.stringify(body.teamIds) === JSON.stringify(teamIds)) return;
    if (Date.now() > deadline) throw new Error(`still manages ${body.teamIds}`);
    await sleep(25);
  }
}

describe('teams under managers', () => {
  it('are those that name them, everywhere, until a team or their role says otherwise', async () => {
    const admin = await signUp(auth);
    const manager = await addMember(auth, admin, 'manager');
    const [east, west] = [
      await teamOf(admin, 'East', [manager.user.id]),
      await teamOf(admin, 'West', [manager.user.id]),
    ];
    await teamOf(admin, 'North');
    await untilManaged(manager.accessToken, [east, west].sort());
    const patch = (path: string, body: object) =>
      auth.request('PATCH', path, { body, token: admin.accessToken });
    expect((await patch(`/teams/${west}`, { managerIds: [] })).status).toBe(200);
    await untilManaged(manager.accessToken, [east]);
    expect((await patch(`/teams/${east}`, { name: 'Far east' })).body.managerIds).toEqual([manager.user.id]);
    await untilManaged(manager.accessToken, [east]);
    await patch(`/users/${manager.user.id}`, { role: 'sales' });
    await untilManaged(manager.accessToken, []);
  });

  it('take invitations from their managers, and from no other', async () => {
    const admin = await signUp(auth);
    const manager = await addMember(auth, admin, 'manager');
    const [own, foreign] = [await teamOf(admin, 'Own', [manager.user.id]), await teamOf(admin, 'Foreign')];
    const invite = (teamId: string) =>
      auth.request('POST', '/invitations', {
        body: { email: `${uuidv7()}@example.com`, role: 'sales', teamId },
        token: manager.accessToken,
      });
    expect(await invite(own)).toMatchObject({ status: 201, body: { teamId: own } });
    expect(await invite(foreign)).toMatchObject({ status: 403, body: { code: 'other_team' } });
  });

  it('are managed by managers and admins of the tenant alone: 422 naming who is none', async () => {
    const [admin, other] = [await signUp(auth), await signUp(auth)];
    const [manager, sales] = [await addMember(auth, admin, 'manager'), await addMember(auth, admin, 'sales')];
    for (const wrong of [sales.user.id, other.user.id, uuidv7()]) {
      const body = { name: 'East', managerIds: [manager.user.id, wrong] };
      const answer = await auth.request('POST', '/teams', { body, token: admin.accessToken });
      expect(answer).toMatchObject({
        status: 422,
        body: { code: 'unknown_manager', errors: [{ path: 'managerIds.1' }] },
      });
    }
  });
});
