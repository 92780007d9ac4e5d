import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decide, filterFor, type Owned, type Subject } from './decisions.ts';
import { type Permission, rules } from './permissions.ts';
import { roles } from './roles.ts';

const permissions = Object.keys(rules) as Permission[];
/** Few enough ids that users, owners and teams often meet. */
const id = fc.constantFrom('1', '2', '3', '4');
const nullableId = fc.option(id, { nil: null });
const record: fc.Arbitrary<Owned> = fc.record({ ownerId: nullableId, teamId: nullableId });
const subject: fc.Arbitrary<Subject> = fc.record(
  {
    userId: id,
    role: fc.constantFrom(...roles),
    teamId: nullableId,
    permissions: fc.subarray(permissions),
  },
  { requiredKeys: ['userId', 'role', 'teamId'] },
);

/** MongoDB's meaning of the operators `filterFor` uses. */
function matches(owned: Owned, filter: Record<string, unknown> | null): boolean {
  if (filter === null) return false;
  return Object.entries(filter).every(([field, value]) =>
    field === '$or'
      ? (value as Record<string, unknown>[]).some((branch) => matches(owned, branch))
      : owned[field as keyof Owned] === value,
  );
}

describe('decisions', () => {
  it('on one record and as a filterFor a list are equal, for random users, keys and records', () => {
    fc.assert(
      fc.property(subject, fc.constantFrom(...permissions), record, (who, permission, owned) => {
        expect(decide(who, permission, owned)).toBe(matches(owned, filterFor(who, permission)));
      }),
      { numRuns: 5_000 },
    );
  });

  it('never give a key more than its owner has', () => {
    fc.assert(
      fc.property(
        subject,
        fc.constantFrom(...permissions),
        record,
        ({ userId, role, teamId }, permission, owned) => {
          const owner = { userId, role, teamId };
          for (const key of [[], [permission], permissions])
            if (decide({ ...owner, permissions: key }, permission, owned))
              expect(decide(owner, permission, owned)).toBe(true);
        },
      ),
    );
  });

  it('never reach further for a role below, where the record is not the own one', () => {
    fc.assert(
      fc.property(subject, fc.constantFrom(...permissions), record, (who, permission, owned) => {
        fc.pre(owned.ownerId !== who.userId && !ownersOnly.has(permission));
        const [sales, manager, admin] = (['sales', 'manager', 'admin'] as const).map((role) =>
          Number(decide({ ...who, role }, permission, owned)),
        ) as [number, number, number];
        expect([sales <= manager, manager <= admin]).toEqual([true, true]);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Nobody but the owner, whatever their role. */
const ownersOnly = new Set<Permission>(
  permissions.filter((permission) => Object.values(rules[permission]).every((scope) => scope === 'own')),
);
