import { type Role, tokenSchema, type User, userSchema } from '@pipedesk/contracts';
import type { ApiClient } from '@pipedesk/local';
import { randomUUID } from 'node:crypto';

/** Somebody who is logged in. */
export interface Person {
  api: ApiClient;
  user: User;
}

const password = 'correct horse battery staple';

/** Signs up a tenant of its own with its first admin. */
export async function signUp(api: ApiClient, name = 'Ada Admin'): Promise<Person> {
  const body = { tenantName: 'Test Company', name, email: `${randomUUID()}@example.com`, password };
  const { accessToken, user } = await api.expect('POST', '/auth/signup', tokenSchema, { body });
  return { api: api.as(accessToken), user };
}

/** A colleague of the admin's, logged in. */
export async function addUser(admin: Person, role: Role): Promise<Person> {
  const email = `${randomUUID()}@example.com`;
  const body = { name: `${role} person`, email, password, role };
  const user = await admin.api.expect('POST', '/users', userSchema, { body });
  const { accessToken } = await admin.api.expect('POST', '/auth/login', tokenSchema, {
    body: { email, password },
  });
  return { api: admin.api.as(accessToken), user };
}
