import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decide,
  filterFor,
  type HeldGrant,
  type Owned,
  reachOf,
  scopeFor,
  type Subject,
} from './decisions.ts';
import { grantsHeldBy, type GrantState, isGrantable, mayGive } from './grants.ts';
import { type Permission, permissionSchema, rules, scopes } from './permissions.ts';
import { roles } from './roles.ts';

const permissions = Object.keys(rules) as Permission[];
/** Few enough ids that users, owners and teams often meet. */
const id = fc.constantFrom('1', '2', '3', '4');
const nullableId = fc.option(id, { nil: null });
const permission = fc.constantFrom(...permissions);
const scope = fc.constantFrom(...scopes);
const record: fc.Arbitrary<Owned> = fc.record({ ownerId: nullableId, teamId: nullableId });
const held: fc.Arbitrary<HeldGrant> = fc.record({ id, permission, scope });
const subject: fc.Arbitrary<Subject> = fc.record(
  {
    userId: id,
    role: fc.constantFrom(...roles),
    teamId: nullableId,
    teamIds: fc.subarray(['1', '2', '3', '4']),
    grants: fc.array(held, { maxLength: 4 }),
    permissions: fc.subarray(permissions),
  },
  { requiredKeys: ['userId', 'role', 'teamId'] },
);
const time = fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z');
const given: fc.Arbitrary<GrantState> = fc.record({
  id,
  tenantId: id,
  permission: fc.oneof(permission, fc.constant('unheard:of')),
  scope,
  to: fc.oneof(
    fc.record({ role: fc.constantFrom('manager', 'sales', 'viewer') }),
    fc.record({ userId: id }),
    fc.record({ teamId: id }),
  ),
  expiresAt: fc.option(time, { nil: null }),
});
const givens = fc.array(given, { maxLength: 6 });
const now = new Date('2026-02-01T00:00:00.000Z');

/** MongoDB's meaning of the operators `filterFor` uses. */
function matches(owned: Owned, filter: Record<string, unknown> | null): boolean {
  if (filter === null) return false;
  return Object.entries(filter).every(([field, value]) => {
    if (field === '$or') return (value as Record<string, unknown>[]).some((branch) => matches(owned, branch));
    const stored = owned[field as keyof Owned];
    if (typeof value === 'object' && value !== null && '$in' in value)
      return (value.$in as unknown[]).includes(stored);
    return stored === value;
  });
}

/** The same person with what they hold of a tenant's grants. */
function holding(who: Subject, all: GrantState[]): Subject {
  return { ...who, grants: grantsHeldBy(who, all, now) };
}

describe('decisions', () => {
  it('on one record and as a filter for a list are equal, for random users, teams, grants, keys and records', () => {
    fc.assert(
      fc.property(subject, permission, record, (who, asked, owned) => {
        expect(decide(who, asked, owned)).toBe(matches(owned, filterFor(who, asked)));
      }),
      { numRuns: 10_000 },
    );
  });

  it('never give a key more than its owner has', () => {
    fc.assert(
      fc.property(subject, permission, record, (who, asked, owned) => {
        const owner = { ...who };
        delete owner.permissions;
        for (const key of [[], [asked], permissions])
          if (decide({ ...owner, permissions: key }, asked, owned))
            expect(decide(owner, asked, owned)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never reach further for a role below, where the record is not the own one', () => {
    fc.assert(
      fc.property(subject, permission, record, givens, (who, asked, owned, all) => {
        fc.pre(owned.ownerId !== who.userId && !ownersOnly.has(asked));
        const person = { ...who };
        delete person.teamIds;
        const [sales, manager, admin] = (['sales', 'manager', 'admin'] as const).map((role) =>
          Number(decide(holding({ ...person, role }, all), asked, owned)),
        ) as [number, number, number];
        expect([sales <= manager, manager <= admin]).toEqual([true, true]);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('grants', () => {
  it('only ever add: whatever somebody may without one they may with it', () => {
    fc.assert(
      fc.property(subject, held, permission, record, (who, grant, asked, owned) => {
        const { grants = [] } = who;
        const richer = { ...who, grants: [...grants, grant] };
        expect(decide(who, asked, owned) && !decide(richer, asked, owned)).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });

  it('reach exactly as far as they say, and nothing but their permission', () => {
    fc.assert(
      fc.property(subject, given, permission, record, (anybody, grant, asked, owned) => {
        const who = { ...anybody };
        delete who.permissions;
        const without = { ...who, grants: [] };
        const gained = decide(holding(who, [grant]), asked, owned) && !decide(without, asked, owned);
        if (!gained) return;
        expect(grant.permission).toBe(asked);
        expect(isGrantable(asked)).toBe(true);
        expect(grant.expiresAt === null || grant.expiresAt > now.toISOString()).toBe(true);
        const reach = reachOf(scopeFor(holding(who, [grant]), asked) ?? 'own');
        expect(reach).toBe(reachOf(grant.scope));
      }),
      { numRuns: 10_000 },
    );
  });

  it('of what admins could have given lift nobody above an admin', () => {
    const admin: Subject = { userId: 'admin', role: 'admin', teamId: null };
    fc.assert(
      fc.property(subject, givens, permission, (who, all, asked) => {
        const possible = all.filter((grant) => {
          const known = permissionSchema.safeParse(grant.permission).data;
          return known && mayGive(admin, known, grant.scope);
        });
        const [reach, most] = [holding(who, possible), admin].map((one) => {
          const widest = scopeFor(one, asked);
          return widest ? reachOf(widest) : 0;
        }) as [number, number];
        expect(reach).toBeLessThanOrEqual(most);
      }),
      { numRuns: 5_000 },
    );
  });

  it('are never of what admins alone may, nor of identity and administration', () => {
    const never = permissions.filter((one) => !isGrantable(one));
    expect(never).toEqual(
      expect.arrayContaining([
        'audit:erase',
        'audit:retain',
        'audit:export',
        'audit:list',
        'audit:verify',
        'audit:read',
        'users:manage',
        'users:invite',
        'teams:manage',
        'grants:manage',
        'sessions:revoke_all',
        'api_keys:create',
        'profile:secure',
      ]),
    );
    expect(isGrantable('deals:delete')).toBe(true);
  });
});

/** Nobody but the owner, whatever their role. */
const ownersOnly = new Set<Permission>(
  permissions.filter((one) => Object.values(rules[one]).every((reach) => reach === 'own')),
);
