import { expect } from '@jest/globals';
import { eventually } from '../../src/index.ts';
import type { Attack } from './attack.ts';
import { logIn, must, type World } from './world.ts';

const doors = ['audit', 'api-gateway'] as const;
const formulas = ['=1+1', '+1+1', '-1+1', '@SUM(A1)'];

/** The export of what one deal went through. */
async function exportOf(
  world: World,
  door: (typeof doors)[number],
  format: string,
  deal: string | undefined,
  token: string,
) {
  const path = `/audit-logs/export?format=${format}&entityType=deal&entityId=${deal}`;
  return (await must(world.wire, door, 200, { path, token })).text;
}

/** Exports ask for a fresh proof of identity; the world's own logins may be minutes old by now. */
const freshAdmin = (world: World) => logIn(world.wire, world.a.members.admin.email);

export const exportAttacks: Attack[] = [
  {
    where: 'output',
    name: 'CSV cells that start with = + - @',
    expected: 'neutralised by an apostrophe',
    run: async (world) => {
      const admin = await freshAdmin(world);
      for (const formula of formulas) {
        const { body } = await must(world.wire, 'crm', 201, {
          method: 'POST',
          path: '/deals',
          token: world.a.members.sales.token,
          body: { name: formula, product: formula },
          headers: { 'user-agent': `${formula} agent` },
        });
        for (const door of doors)
          await eventually(async () => {
            const csv = await exportOf(world, door, 'csv', (body as { id: string }).id, admin);
            expect(csv).toContain(`'${formula} agent`);
            expect(csv).not.toMatch(/(^|,)"?[=+\-@\t]/m);
          });
      }
    },
  },
  {
    where: 'tenant',
    name: "an export of another tenant's record",
    expected: 'no rows',
    run: async (world) => {
      const admin = await freshAdmin(world);
      for (const door of doors)
        expect(await exportOf(world, door, 'jsonl', world.b.records.deals.sales, admin)).toBe('');
    },
  },
];
