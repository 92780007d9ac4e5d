import type { User } from '@pipedesk/contracts';
import { v7 as uuidv7 } from 'uuid';
import { refusalOf, type StandIn, startStandIn } from './stand-in.ts';

/** Stands in for auth, which has the users of a tenant. */
export interface DirectoryServer extends StandIn {
  /** An active user in sales, unless told. */
  add(user: Partial<User>): User;
}

export async function startDirectoryServer(): Promise<DirectoryServer> {
  const standIn = await startStandIn(
    refusalOf('users:directory', 'This API key does not have the permission users:directory.'),
  );
  return {
    ...standIn,
    add: (user) => {
      const whole: User = { ...buildUser(), ...user };
      standIn.documents.set(`/users/${whole.id}`, whole);
      return whole;
    },
  };
}

function buildUser(): User {
  const [id, now] = [uuidv7(), new Date().toISOString()];
  return {
    id,
    version: 1,
    createdAt: now,
    updatedAt: now,
    tenantId: uuidv7(),
    email: `${id}@example.com`,
    name: 'Sam Sales',
    role: 'sales',
    teamId: null,
    status: 'active',
  };
}
