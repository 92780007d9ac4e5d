import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Role, Team, TokenAnswer } from '@pipedesk/contracts';
import { addMember, addTeam, buildEmail, buildUser, logIn, password, signUp } from './accounts.ts';
import { mailedToken } from './mails.ts';
import { type Answer, type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
let admin: TokenAnswer;
let team: Team;
let manager: TokenAnswer;
beforeAll(async () => {
  auth = await startAuth();
  admin = await signUp(auth);
  team = await addTeam(auth, admin, 'North');
  const body = buildUser({ role: 'manager', teamId: team.id });
  await auth.request('POST', '/users', { body, token: admin.accessToken });
  manager = await logIn(auth, body.email);
});
afterAll(() => auth.stop());

const invite = (by: TokenAnswer, role: Role, more: object = {}): Promise<Answer> => {
  const body = { email: buildEmail(), role, ...more };
  return auth.request('POST', '/invitations', { body, token: by.accessToken });
};
const accept = (token: string) =>
  auth.request('POST', '/invitations/accept', { body: { token, name: 'Nia New', password } });

describe('an invitation', () => {
  it('makes its reader a user with the role and team it names, and logs them in', async () => {
    const invited = await invite(admin, 'manager', { teamId: team.id });
    expect(invited).toMatchObject({ status: 201, body: { status: 'open', ownerId: admin.user.id } });
    const accepted = await accept(await mailedToken(auth, invited.body.email));
    expect(accepted.status).toBe(201);
    expect(accepted.body).toMatchObject({
      tenant: { id: admin.tenant.id },
      user: { email: invited.body.email, role: 'manager', teamId: team.id, name: 'Nia New' },
    });
    const me = await auth.request('GET', '/auth/me', { token: accepted.body.accessToken });
    expect(me.status).toBe(200);
    const listed = await auth.request('GET', '/invitations?status=accepted', { token: admin.accessToken });
    expect(listed.body.items).toMatchObject([{ id: invited.body.id, status: 'accepted' }]);
  });

  it('works once', async () => {
    const { body } = await invite(admin, 'sales');
    const token = await mailedToken(auth, body.email);
    const statuses = (await Promise.all([accept(token), accept(token)])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 410]);
    expect(await accept(token)).toMatchObject({ status: 410, body: { code: 'link_expired' } });
  });

  it('that was withdrawn leads nowhere', async () => {
    const { body } = await invite(admin, 'sales');
    const path = `/invitations/${body.id}`;
    expect((await auth.request('DELETE', path, { token: admin.accessToken })).status).toBe(204);
    expect((await accept(await mailedToken(auth, body.email))).status).toBe(410);
  });

  it('never tells its token to whoever invited', async () => {
    const { body } = await invite(admin, 'sales');
    expect(JSON.stringify(body)).not.toContain(await mailedToken(auth, body.email));
  });

  it('is refused for a colleague, but not for a user of another tenant, who only learns of it by mail', async () => {
    const stranger = await signUp(auth);
    const again = await invite(admin, 'sales', { email: manager.user.email });
    expect(again).toMatchObject({ status: 409, body: { code: 'email_in_use' } });
    expect((await invite(admin, 'sales', { email: stranger.user.email })).status).toBe(201);
    const accepted = await accept(await mailedToken(auth, stranger.user.email));
    expect(accepted).toMatchObject({ status: 409, body: { code: 'email_in_use' } });
  });
});

describe('who may invite', () => {
  it.each(['viewer', 'sales'] as const)('not a %s', async (role) => {
    const refused = await invite(await addMember(auth, admin, role), 'viewer');
    expect(refused).toMatchObject({ status: 403, body: { permission: 'users:invite' } });
  });

  it('managers sales and viewers, to their own team', async () => {
    for (const role of ['sales', 'viewer'] as const)
      expect(await invite(manager, role)).toMatchObject({ status: 201, body: { teamId: team.id } });
    for (const role of ['manager', 'admin'] as const)
      expect(await invite(manager, role)).toMatchObject({ status: 403, body: { code: 'role_above_own' } });
    const other = await addTeam(auth, admin, 'South');
    for (const teamId of [other.id, null])
      expect(await invite(manager, 'sales', { teamId })).toMatchObject({
        status: 403,
        body: { code: 'other_team' },
      });
  });

  it('a manager sees and withdraws what leads to their team, and nothing else', async () => {
    const own = await invite(manager, 'sales');
    const others = await invite(admin, 'sales');
    const listed = await auth.request('GET', '/invitations', { token: manager.accessToken });
    const ids = (listed.body.items as { id: string }[]).map(({ id }) => id);
    expect([ids.includes(own.body.id), ids.includes(others.body.id)]).toEqual([true, false]);
    const withdraw = (id: string) =>
      auth.request('DELETE', `/invitations/${id}`, { token: manager.accessToken });
    expect((await withdraw(others.body.id)).status).toBe(403);
    expect((await withdraw(own.body.id)).status).toBe(204);
  });
});

describe('teams', () => {
  it('are made and renamed by admins, with names of their own, and seen by everybody', async () => {
    const boss = await signUp(auth);
    const east = await addTeam(auth, boss, 'East');
    const again = await auth.request('POST', '/teams', { body: { name: 'East' }, token: boss.accessToken });
    expect(again).toMatchObject({ status: 409, body: { code: 'team_name_in_use' } });
    const renamed = await auth.request('PATCH', `/teams/${east.id}`, {
      body: { name: 'Far East' },
      token: boss.accessToken,
    });
    expect(renamed.body).toMatchObject({ name: 'Far East', version: 2 });
    const viewer = await addMember(auth, boss, 'viewer');
    const listed = await auth.request('GET', '/teams', { token: viewer.accessToken });
    expect(listed.body.items).toEqual([renamed.body]);
    const refused = await auth.request('POST', '/teams', { body: { name: 'X' }, token: viewer.accessToken });
    expect(refused).toMatchObject({ status: 403, body: { permission: 'teams:manage' } });
  });

  it('of another tenant can be neither read nor joined', async () => {
    const boss = await signUp(auth);
    const { accessToken: token } = boss;
    expect((await auth.request('GET', `/teams/${team.id}`, { token })).status).toBe(404);
    const unknown = { status: 422, body: { code: 'unknown_team', errors: [{ path: 'teamId' }] } };
    const body = buildUser({ teamId: team.id });
    expect(await auth.request('POST', '/users', { body, token })).toMatchObject(unknown);
    const member = await addMember(auth, boss, 'sales');
    const patch = { body: { teamId: team.id }, token };
    expect(await auth.request('PATCH', `/users/${member.user.id}`, patch)).toMatchObject(unknown);
    expect(await invite(boss, 'sales', { teamId: team.id })).toMatchObject(unknown);
  });
});
