import { describe, expect, it } from '@jest/globals';
import type { GrantState } from '@pipedesk/contracts';
import { v7 as uuidv7 } from 'uuid';
import { buildEvent } from '../../test/change-event.ts';
import type { Caller } from '../request-context.ts';
import { createRightsList } from './rights-list.ts';

const tenantId = uuidv7();
const start = Date.parse('2026-03-01T00:00:00Z');

function callerAs(overrides: Partial<Caller> = {}): Caller {
  return {
    userId: uuidv7(),
    tenantId,
    name: 'Ada',
    role: 'sales',
    teamId: null,
    sessionId: uuidv7(),
    permissionVersion: 1,
    authenticatedAt: 0,
    apiKey: null,
    ...overrides,
  };
}

function grantAs(overrides: Partial<GrantState> = {}): GrantState {
  const base = { id: uuidv7(), tenantId, permission: 'deals:delete', scope: 'all', expiresAt: null } as const;
  return { ...base, to: { role: 'sales' }, ...overrides };
}

function given(grant: GrantState) {
  return buildEvent(`grant/${grant.id}`, grant.tenantId, {
    action: 'created',
    version: 1,
    after: { ...grant },
  });
}

function takenBack({ id, tenantId: tenant }: GrantState) {
  return buildEvent(`grant/${id}`, tenant, { action: 'deleted', version: 2, after: null });
}

const snapshotOf = (grant: GrantState, isRevoked = false) => ({
  grants: [{ ...grant, isRevoked }],
  teams: [],
});

describe('the list of rights', () => {
  it('gives a grant to its holders of its own tenant, and takes it back', () => {
    const list = createRightsList();
    const grant = grantAs();
    list.add(given(grant));
    expect(list.entitle(callerAs()).grants).toEqual([
      { id: grant.id, permission: 'deals:delete', scope: 'all' },
    ]);
    expect(list.entitle(callerAs({ role: 'manager' })).grants).toHaveLength(1);
    expect(list.entitle(callerAs({ role: 'viewer' })).grants).toBeUndefined();
    const stranger = callerAs({ tenantId: uuidv7() });
    expect(list.entitle(stranger)).toBe(stranger);
    list.add(takenBack(grant));
    expect(list.entitle(callerAs()).grants).toBeUndefined();
  });

  it('keeps a grant away that was taken back, whatever comes late', () => {
    const list = createRightsList();
    const [byEvent, bySnapshot] = [grantAs(), grantAs()];
    list.add(takenBack(byEvent));
    list.addSnapshot(snapshotOf(bySnapshot, true));
    for (const grant of [byEvent, bySnapshot]) {
      list.addSnapshot(snapshotOf(grant));
      list.add(given(grant));
    }
    expect(list.entitle(callerAs()).grants).toBeUndefined();
  });

  it('lets a grant end at its time, to the millisecond', () => {
    let now = start;
    const list = createRightsList(() => now);
    list.addSnapshot(snapshotOf(grantAs({ expiresAt: '2026-03-01T00:00:01.000Z' })));
    now = start + 999;
    expect(list.entitle(callerAs()).grants).toHaveLength(1);
    now = start + 1000;
    expect(list.entitle(callerAs()).grants).toBeUndefined();
    list.prune();
    expect(list.size()).toBe(0);
  });

  it('passes over a permission it does not know', () => {
    const list = createRightsList();
    list.addSnapshot(snapshotOf(grantAs({ permission: 'rockets:launch' })));
    expect(list.entitle(callerAs()).grants).toBeUndefined();
  });

  it('tells another version of the grants after each change, and none without grants', () => {
    const list = createRightsList();
    const [first, second] = [grantAs(), grantAs({ to: { userId: uuidv7() } })];
    const version = () => list.entitle(callerAs()).grantsVersion;
    list.add(given(first));
    const one = version();
    list.add(given(second));
    const two = version();
    list.add(takenBack(second));
    expect([one, two]).toEqual([expect.any(String), expect.any(String)]);
    expect(two).not.toBe(one);
    expect(version()).toBe(one);
    list.add(takenBack(first));
    expect(version()).toBeUndefined();
  });

  it('gives managers the teams they manage, by the latest version, and nobody else', () => {
    const list = createRightsList();
    const [manager, team] = [callerAs({ role: 'manager', teamId: uuidv7() }), uuidv7()];
    const at = (version: number, managerIds: string[]) =>
      list.addSnapshot({ grants: [], teams: [{ id: team, tenantId, version, managerIds }] });
    at(2, [manager.userId]);
    expect(list.entitle(manager).teamIds).toEqual([team]);
    expect(list.entitle({ ...manager, role: 'sales' }).teamIds).toBeUndefined();
    at(1, []);
    expect(list.entitle(manager).teamIds).toEqual([team]);
    const snapshot = { name: 'East', managerIds: [] };
    list.add(buildEvent(`team/${team}`, tenantId, { action: 'updated', version: 3, after: snapshot }));
    expect(list.entitle(manager).teamIds).toBeUndefined();
  });
});
