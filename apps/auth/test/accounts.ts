import type { NewUser, Role, Signup, Team, TokenAnswer, User } from '@pipedesk/contracts';
import { randomUUID } from 'node:crypto';
import type { Auth } from './start-auth.ts';

export const password = 'correct horse battery staple';

export const buildEmail = (): string => `${randomUUID()}@example.com`;

export function buildSignup(overrides: Partial<Signup> = {}): Signup {
  return { tenantName: 'Acme', name: 'Ada Admin', email: buildEmail(), password, ...overrides };
}

export function buildUser(overrides: Partial<NewUser> = {}): NewUser {
  return { name: 'Sam Sales', email: buildEmail(), password, role: 'sales', teamId: null, ...overrides };
}

type Door = Pick<Auth, 'request'>;

/** A new tenant with its first admin, logged in. */
export async function signUp(auth: Door, overrides: Partial<Signup> = {}): Promise<TokenAnswer> {
  const answer = await auth.request('POST', '/auth/signup', { body: buildSignup(overrides) });
  if (answer.status !== 201) throw new Error(`signup answered ${JSON.stringify(answer.body)}`);
  return answer.body as TokenAnswer;
}

export async function logIn(auth: Door, email: string): Promise<TokenAnswer> {
  const answer = await auth.request('POST', '/auth/login', { body: { email, password } });
  if (answer.status !== 200) throw new Error(`login answered ${JSON.stringify(answer.body)}`);
  return answer.body as TokenAnswer;
}

/** A user of the admin's tenant. */
export async function addUser(auth: Door, admin: TokenAnswer, role: Role): Promise<User> {
  const answer = await auth.request('POST', '/users', {
    body: buildUser({ role }),
    token: admin.accessToken,
  });
  if (answer.status !== 201) throw new Error(`creating a user answered ${JSON.stringify(answer.body)}`);
  return answer.body as User;
}

/** A user of the admin's tenant, logged in. */
export async function addMember(auth: Door, admin: TokenAnswer, role: Role): Promise<TokenAnswer> {
  return logIn(auth, (await addUser(auth, admin, role)).email);
}

export async function addTeam(auth: Door, admin: TokenAnswer, name: string): Promise<Team> {
  const answer = await auth.request('POST', '/teams', { body: { name }, token: admin.accessToken });
  if (answer.status !== 201) throw new Error(`creating a team answered ${JSON.stringify(answer.body)}`);
  return answer.body as Team;
}
