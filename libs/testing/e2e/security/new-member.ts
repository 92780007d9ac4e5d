import type { Role } from '@pipedesk/contracts';
import { logIn, type Member, must, password, type World } from './world.ts';

/** Somebody of tenant A for one attack, so that what it does to them disturbs no other. */
export async function newMember(world: World, role: Role): Promise<Member> {
  const { admin } = world.a.members;
  const email = `${role}${Date.now()}${Math.random()}@${world.a.canary}.example.com`;
  const body = { name: `${role} ${world.a.canary}`, email, password, role };
  const { id } = (
    await must(world.wire, 'auth', 201, { method: 'POST', path: '/users', token: admin.token, body })
  ).body as { id: string };
  return { part: 'sales', role, id, email, token: await logIn(world.wire, email), tenant: world.a };
}
