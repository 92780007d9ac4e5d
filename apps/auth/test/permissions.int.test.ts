import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PermissionsAnswer, rules, type TokenAnswer } from '@pipedesk/contracts';
import { rulesVersion } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import { addMember, signUp } from './accounts.ts';
import { type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth.stop());

async function asked(token: string, path = '/auth/permissions'): Promise<PermissionsAnswer> {
  const { status, body } = await auth.request('GET', path, { token });
  expect(status).toBe(200);
  return body as PermissionsAnswer;
}

const of = ({ permissions }: PermissionsAnswer, name: string) =>
  permissions.find(({ permission }) => permission === name);

async function grantTo(admin: TokenAnswer, body: object): Promise<{ id: string }> {
  const answer = await auth.request('POST', '/auth/grants', {
    token: admin.accessToken,
    body: { reason: 'Quarter end', ...body },
  });
  expect(answer.status).toBe(201);
  return answer.body as { id: string };
}

describe('what one may do', () => {
  it('is explained by the row of the role, with versions and masks', async () => {
    const admin = await signUp(auth);
    const viewer = await addMember(auth, admin, 'viewer');
    const answer = await asked(viewer.accessToken);
    const { id: userId } = viewer.user;
    expect(answer).toMatchObject({ userId, role: 'viewer', teamIds: [], withheld: [], rulesVersion });
    expect(answer.grantsVersion).toBeUndefined();
    expect(answer.masks).toContainEqual({ entityType: 'deal', fields: ['amount', 'customFields'] });
    const own = Object.entries(rules).flatMap(([name, row]) => ('viewer' in row ? [name] : []));
    expect(answer.permissions.map(({ permission }) => permission)).toEqual(own);
    expect((await asked(admin.accessToken)).masks).toEqual([]);
  });

  it('names the grant that reaches further than the role, and who gave it', async () => {
    const admin = await signUp(auth);
    const member = await addMember(auth, admin, 'sales');
    const to = { userId: member.user.id };
    const wide = await grantTo(admin, { permission: 'deals:edit', scope: 'team', to });
    await grantTo(admin, { permission: 'leads:edit', scope: 'own', to });
    const answer = await asked(member.accessToken);
    expect(of(answer, 'deals:edit')).toEqual({
      permission: 'deals:edit',
      scope: 'team',
      source: 'grant',
      rule: `grant/${wide.id}`,
      grant: wide,
    });
    expect(of(answer, 'leads:edit')).toMatchObject({ source: 'role', rule: 'leads:edit/own' });
    expect(answer.grantsVersion).toMatch(/^[0-9a-f]{12}$/);
  });

  it('by a key is what the key has; the rest is withheld', async () => {
    const admin = await signUp(auth);
    const made = await auth.request('POST', '/auth/api-keys', {
      token: admin.accessToken,
      body: { name: 'Reader', permissions: ['profile:read', 'deals:read'] },
    });
    const { body } = await auth.request('POST', '/auth/token', { body: { apiKey: made.body.key } });
    const answer = await asked(body.accessToken);
    expect(answer.permissions.map(({ permission }) => permission).sort()).toEqual([
      'deals:read',
      'profile:read',
    ]);
    expect(answer.withheld).toContain('deals:edit');
  });

  it('on a record of an owner and a team is answered with the rule that decides', async () => {
    const admin = await signUp(auth);
    const member = await addMember(auth, admin, 'sales');
    const { id: userId } = member.user;
    const decisionOn = async (query: string) =>
      (await asked(member.accessToken, `/auth/permissions?permission=deals:edit&${query}`)).decision;
    expect(await decisionOn(`ownerId=${userId}`)).toMatchObject({ isAllowed: true, rule: 'deals:edit/own' });
    expect(await decisionOn(`ownerId=${uuidv7()}`)).toMatchObject({
      isAllowed: false,
      rule: 'deals:edit/own',
      detail: expect.stringContaining('on your own records only'),
    });
    const wide = await grantTo(admin, { permission: 'deals:edit', scope: 'all', to: { userId } });
    expect(await decisionOn(`ownerId=${uuidv7()}`)).toMatchObject({
      isAllowed: true,
      rule: `grant/${wide.id}`,
    });
    expect(await decisionOn(`ownerId=${userId}`)).toMatchObject({ isAllowed: true, rule: 'deals:edit/own' });
  });

  it.each([
    'permission=rockets:launch',
    `ownerId=${uuidv7()}`,
    'permission=deals:edit&ownerId=me',
    'role=admin',
  ])('is not explained for %s: 400', async (query) => {
    const admin = await signUp(auth);
    const answer = await auth.request('GET', `/auth/permissions?${query}`, { token: admin.accessToken });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('of another user is told to admins of the tenant as to that user', async () => {
    const [admin, stranger] = [await signUp(auth), await signUp(auth)];
    const manager = await addMember(auth, admin, 'manager');
    const path = `/users/${manager.user.id}/permissions`;
    const team = await auth.request('POST', '/teams', {
      token: admin.accessToken,
      body: { name: 'East', managerIds: [manager.user.id] },
    });
    await grantTo(admin, { permission: 'deals:delete', scope: 'all', to: { teamId: team.body.id } });
    const answer = await asked(admin.accessToken, path);
    expect(answer).toEqual(await asked(manager.accessToken));
    expect(answer.teamIds).toEqual([team.body.id]);
    expect(of(answer, 'deals:delete')).toMatchObject({ scope: 'all', source: 'grant' });
    expect((await auth.request('GET', path, { token: manager.accessToken })).status).toBe(403);
    expect((await auth.request('GET', path, { token: stranger.accessToken })).status).toBe(404);
  });
});
