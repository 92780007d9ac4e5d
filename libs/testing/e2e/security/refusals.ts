import { expect } from '@jest/globals';
import { auditPage, platformTenantId, type RefusalReason } from '@pipedesk/contracts';
import { eventually } from '../../src/index.ts';
import { guardedPaths } from './attack.ts';
import type { Forge } from './forge.ts';
import type { Door } from './wire.ts';
import type { World } from './world.ts';

/** Whose audit trail has it: tenant A's when the token's signature was genuine, otherwise the platform's. */
export type Belonging = 'tenant' | 'platform';

/** Services report what they refuse so often in these tests, seconds. */
export const reportedEvery = 0.2;

/** Audit has at least so many refusals of this reason by each door since then, and names nobody it is not sure of. */
export async function expectAudited(
  world: World,
  forge: Forge,
  since: Date,
  reason: RefusalReason,
  { belongsTo, times = timesEverywhere(world) }: { belongsTo: Belonging; times?: Map<Door, number> },
): Promise<void> {
  const token = belongsTo === 'tenant' ? world.a.members.admin.token : await platformToken(forge);
  const path = `/audit-logs?entityType=access_refusal&limit=100&from=${since.toISOString()}`;
  await eventually(async () => {
    const answer = await world.wire.send('audit', { path, token });
    const { items } = auditPage.parse(answer.body);
    const counted = new Map<string, number>();
    for (const { after, actor } of items)
      if (after?.reason === reason && String(after.lastAt) >= since.toISOString())
        counted.set(actor.id, (counted.get(actor.id) ?? 0) + Number(after.count));
    const missing = [...times].filter(([door, least]) => (counted.get(door) ?? 0) < least);
    expect({ reason, belongsTo, missing, counted: [...counted] }).toMatchObject({ missing: [] });
  }, 15_000);
}

/** As often as each door was asked by `expectEverywhere`. */
export function timesEverywhere(world: World, each = 1): Map<Door, number> {
  const times = new Map<Door, number>();
  for (const [door] of guardedPaths(world)) times.set(door, (times.get(door) ?? 0) + each);
  return times;
}

/** Nobody is a member of the platform's tenant: only who has auth's key can ask in its name. */
function platformToken(forge: Forge): Promise<string> {
  return forge.sign({ tid: platformTenantId, role: 'admin' });
}
