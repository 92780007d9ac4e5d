import { describe, expect, it } from '@jest/globals';
import { masks, rules, type Subject } from '@pipedesk/contracts';
import { ProblemError, problemDocument } from '../http/problem.ts';
import { tenantContextOf } from '../request-context.ts';
import { rulesVersion, versionOf } from './authority.ts';
import { authorize, permittedFilter } from './authorize.ts';
import { outOfReach, refusalOf } from './refusal.ts';

const origin = { requestId: 'r', ip: null, userAgent: null };
const caller = {
  userId: 'u1',
  tenantId: 't',
  name: 'Ada',
  role: 'sales',
  teamId: 'team-1',
  sessionId: 's',
  permissionVersion: 1,
  authenticatedAt: 0,
  apiKey: null,
} as const;
const foreign = { ownerId: 'u2', teamId: 'team-2' };

function refused(subject: Partial<Subject>, act: (context: ReturnType<typeof tenantContextOf>) => unknown) {
  const context = tenantContextOf(caller, origin, 'crm');
  try {
    act({ ...context, subject: { ...context.subject, ...subject } });
  } catch (error) {
    if (error instanceof ProblemError) return problemDocument(error, undefined);
    throw error;
  }
  throw new Error('it was allowed');
}

describe('a refusal', () => {
  it.each([
    ['the scope of a role', {}, 'deals:edit/own', 'on your own records only'],
    ['a role without it', { role: 'viewer' }, 'deals:edit/none', 'The role viewer does not have'],
    ['an API key', { permissions: [] }, 'api_key/deals:edit', 'This API key does not have'],
    [
      'a grant that is wider than the role, and not wide enough',
      { grants: [{ id: 'g1', permission: 'deals:edit', scope: 'team' }], grantsVersion: 'abc' },
      'grant/g1',
      'on records of your teams and your own only',
    ],
  ] as [string, Partial<Subject>, string, string][])(
    'by %s names rule and version, and says what it would take',
    (_, subject, rule, reason) => {
      const problem = refused(subject, (context) => authorize(context, 'deals:edit', foreign));
      const { grantsVersion } = subject;
      expect(problem).toMatchObject({
        status: 403,
        code: 'permission_denied',
        permission: 'deals:edit',
        rule,
        rulesVersion,
      });
      expect(problem.grantsVersion).toBe(grantsVersion);
      expect(problem.detail).toContain(reason);
      expect(problem.detail).toContain('admin, manager, sales');
    },
  );

  it('of a list names the same', () => {
    const problem = refused({ role: 'viewer' }, (context) => permittedFilter(context, 'imports:read'));
    expect(problem).toMatchObject({ permission: 'imports:read', rule: 'imports:read/none', rulesVersion });
  });

  it('as 404 says nothing of the record, whose or whether there is one', () => {
    const context = tenantContextOf(caller, origin, 'auth');
    const problem = problemDocument(outOfReach(context.subject, 'sessions:revoke', 'session'), undefined);
    expect(problem).toEqual({
      type: 'urn:pipedesk:problem:session_not_found',
      title: 'Not Found',
      status: 404,
      code: 'session_not_found',
      detail: 'There is no session with this id within your reach.',
      permission: 'sessions:revoke',
      rule: 'sessions:revoke/own',
      rulesVersion,
    });
  });
});

describe('a refusal of another service', () => {
  const problem = {
    type: 'urn:pipedesk:problem:permission_denied',
    title: 'Forbidden',
    status: 403,
    code: 'permission_denied',
    detail: 'You have deals:read on records of your teams and your own only, and this is none.',
    permission: 'deals:read',
    rule: 'deals:read/team',
    rulesVersion: '0123456789ab',
  };

  it('is passed on with its rule', () => {
    const passedOn = refusalOf(JSON.stringify({ ...problem, requestId: 'theirs' }));
    expect(problemDocument(passedOn, 'ours')).toEqual({ ...problem, requestId: 'ours' });
  });

  it.each(['', 'Forbidden', '{"code":"x"}'])('that is no problem document (%s) is a plain one', (body) => {
    expect(problemDocument(refusalOf(body), undefined)).toMatchObject({
      status: 403,
      code: 'permission_denied',
    });
  });
});

describe('the version of the rules', () => {
  const table = { 'deals:edit': { admin: 'all', manager: 'team' }, 'deals:read': { viewer: 'all' } };
  const others = {
    'another scope': { ...table, 'deals:edit': { admin: 'all', manager: 'all' } },
    'a role less': { ...table, 'deals:edit': { admin: 'all' } },
    'a permission less': { 'deals:edit': table['deals:edit'] },
    'the scope of another permission': {
      'deals:edit': table['deals:read'],
      'deals:read': table['deals:edit'],
    },
  };

  it.each(Object.entries(others))('is another one for %s', (_, other) => {
    expect(versionOf(other)).not.toBe(versionOf(table));
  });

  it('is the same for the same rules in another order, and that of the tables in force', () => {
    const reordered = { 'deals:read': { viewer: 'all' }, 'deals:edit': { manager: 'team', admin: 'all' } };
    expect(versionOf(reordered)).toBe(versionOf(table));
    expect(rulesVersion).toBe(versionOf(rules, masks));
    expect(rulesVersion).not.toBe(versionOf({ ...rules, 'deals:read': {} }, masks));
  });
});
