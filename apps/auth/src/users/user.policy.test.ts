import { describe, expect, it } from '@jest/globals';
import { type Role, roles, type UserPatch } from '@pipedesk/contracts';
import type { TenantContext } from '@pipedesk/service-kit';
import type { UserRecord } from './user.model.ts';
import { losesAdmin, requireKeepsAdmin, requireMayGrant } from './user.policy.ts';

const buildContext = (role: Role, userId = 'caller') =>
  ({ subject: { userId, role, teamId: null } }) as TenantContext;

const buildUser = (fields: Partial<UserRecord> = {}) =>
  ({ id: 'user', role: 'admin', status: 'active', ...fields }) as UserRecord;

const grants = roles.flatMap((role) => roles.map((granted) => [role, granted] as const));

describe('granting', () => {
  it.each(grants)('as %s the role %s works exactly when it is not above the own', (role, granted) => {
    const grant = () => {
      requireMayGrant(buildContext(role), granted);
    };
    if (roles.indexOf(granted) >= roles.indexOf(role)) expect(grant).not.toThrow();
    else expect(grant).toThrow(expect.objectContaining({ status: 403, code: 'role_above_own' }));
  });
});

describe('losing an admin', () => {
  it.each<[string, UserRecord, UserPatch, boolean]>([
    ['a demotion', buildUser(), { role: 'manager' }, true],
    ['disabling', buildUser(), { status: 'disabled' }, true],
    ['a new name', buildUser(), { name: 'Ada' }, false],
    ['the same role', buildUser(), { role: 'admin', status: 'active' }, false],
    ['demoting a manager', buildUser({ role: 'manager' }), { role: 'sales' }, false],
    ['demoting a disabled admin', buildUser({ status: 'disabled' }), { role: 'sales' }, false],
    [
      'enabling and demoting at once',
      buildUser({ status: 'disabled' }),
      { status: 'active', role: 'sales' },
      false,
    ],
  ])('%s: tells', (_what, user, patch, expected) => {
    expect(losesAdmin(user, patch)).toBe(expected);
  });

  it.each([
    ['the last admin, by whomever', 'caller', 0, 'last_admin'],
    ['oneself as the last admin', 'user', 0, 'last_admin'],
    ['oneself beside others', 'user', 1, 'own_access'],
  ])('refuses %s', (_what, userId, others, code) => {
    expect(() => {
      requireKeepsAdmin(buildContext('admin', userId), buildUser(), others);
    }).toThrow(expect.objectContaining({ status: 409, code }));
  });

  it('lets another admin go while one stays', () => {
    expect(() => {
      requireKeepsAdmin(buildContext('admin'), buildUser(), 1);
    }).not.toThrow();
  });
});
