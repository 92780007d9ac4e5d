import { describe, expect, it } from '@jest/globals';
import { decide, filterFor, type Owned, type Subject } from './decisions.ts';
import { type Permission, rules } from './permissions.ts';
import { mayGrant, roles } from './roles.ts';

const ids = ['u1', 'u2', null];
const teams = ['t1', 't2', null];
const records: Owned[] = ids.flatMap((ownerId) => teams.map((teamId) => ({ ownerId, teamId })));
const subjects: Subject[] = roles.flatMap((role) => teams.map((teamId) => ({ userId: 'u1', role, teamId })));

/** Evaluates the few operators that `filterFor` uses, so the two readings of the rule table can be compared. */
function matches(record: Owned, filter: Record<string, unknown> | null): boolean {
  if (filter === null) return false;
  if (Array.isArray(filter.$or))
    return filter.$or.some((branch: Record<string, unknown>) => matches(record, branch));
  return Object.entries(filter).every(([field, value]) => record[field as keyof Owned] === value);
}

describe('the rule table', () => {
  it.each(Object.keys(rules) as Permission[])(
    'decides %s for one record exactly as it filters lists',
    (permission) => {
      for (const subject of subjects) {
        for (const record of records) {
          expect({ subject, record, allowed: decide(subject, permission, record) }).toEqual({
            subject,
            record,
            allowed: matches(record, filterFor(subject, permission)),
          });
        }
      }
    },
  );

  it('gives viewers nothing that writes', () => {
    const writable = (Object.keys(rules) as Permission[]).filter(
      (permission) => 'viewer' in rules[permission],
    );
    expect(writable.filter((permission) => /:(create|edit|delete|write|manage)$/.test(permission))).toEqual(
      [],
    );
  });

  it('lets nobody grant a role above their own', () => {
    expect(mayGrant('manager', 'admin')).toBe(false);
    expect(mayGrant('manager', 'sales')).toBe(true);
  });
});
