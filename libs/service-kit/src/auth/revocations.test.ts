import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { RevocationSnapshot, UserAccess } from '@pipedesk/contracts';
import { v7 as uuidv7 } from 'uuid';
import { buildEvent } from '../../test/change-event.ts';
import { createLogger } from '../logger.ts';
import type { Caller } from '../request-context.ts';
import { createRevocationList, startOf } from './revocation-list.ts';
import { createRevocations, type Revocations, type RevocationSource } from './revocations.ts';

function buildCaller(overrides: Partial<Caller> = {}): Caller {
  const ids = { userId: uuidv7(), tenantId: uuidv7(), sessionId: uuidv7() };
  return {
    ...ids,
    name: 'Ada',
    role: 'admin',
    teamId: null,
    permissionVersion: 3,
    authenticatedAt: 0,
    apiKey: null,
    ...overrides,
  };
}

function buildAccess({ userId, tenantId }: Caller, overrides: Partial<UserAccess> = {}): UserAccess {
  const fields = { name: 'Ada', role: 'viewer' as const, teamId: null, status: 'active' as const };
  return { id: userId, tenantId, version: 4, ...fields, ...overrides };
}

function buildSnapshot(parts: Partial<RevocationSnapshot> = {}): RevocationSnapshot {
  const asOf = new Date().toISOString();
  return { asOf, tokenLifetime: 600, sessions: [], users: [], tenants: [], grants: [], teams: [], ...parts };
}

const ended = expect.objectContaining({ status: 401, code: 'session_ended' });

describe('a list of revocations', () => {
  it('leaves everybody alone of whom it has not heard', () => {
    const caller = buildCaller();
    expect(createRevocationList().admit(caller)).toBe(caller);
  });

  it('refuses an ended session, in its own tenant only', () => {
    const caller = buildCaller();
    const list = createRevocationList();
    const end = (tenantId: string) => {
      list.add(
        buildEvent(`session/${caller.sessionId}`, tenantId, { action: 'deleted', version: 2, after: null }),
      );
    };
    end(uuidv7());
    expect(list.admit(caller)).toBe(caller);
    end(caller.tenantId);
    expect(() => list.admit(caller)).toThrow(ended);
  });

  it('takes role, team and name from the latest version, in whatever order versions come', () => {
    const caller = buildCaller();
    const list = createRevocationList();
    list.addSnapshot(
      buildSnapshot({ users: [buildAccess(caller, { version: 5, role: 'sales', name: 'Eve' })] }),
    );
    list.addSnapshot(buildSnapshot({ users: [buildAccess(caller, { version: 4 })] }));
    expect(list.admit(caller)).toMatchObject({ role: 'sales', name: 'Eve', permissionVersion: 5 });
  });

  it('believes a token that is newer than what it knows', () => {
    const caller = buildCaller({ permissionVersion: 4 });
    const list = createRevocationList();
    list.addSnapshot(buildSnapshot({ users: [buildAccess(caller)] }));
    expect(list.admit(caller)).toBe(caller);
  });

  it.each([
    ['disabled', (caller: Caller) => buildAccess(caller, { status: 'disabled' })],
    ['removed', () => null],
    ['changed in a way nobody understands', (caller: Caller) => ({ ...buildAccess(caller), role: 'owner' })],
  ])('refuses a user who was %s', (_what, after) => {
    const caller = buildCaller();
    const list = createRevocationList();
    const data = { action: 'updated' as const, version: 4, after: after(caller) };
    list.add(buildEvent(`user/${caller.userId}`, caller.tenantId, data));
    expect(() => list.admit(caller)).toThrow(ended);
  });

  it("refuses sessions that began before their tenant's notBefore", () => {
    const caller = buildCaller();
    const notBefore = new Date(startOf(caller.sessionId) + 1).toISOString();
    const list = createRevocationList();
    list.addSnapshot(buildSnapshot({ tenants: [{ id: caller.tenantId, notBefore }] }));
    expect(() => list.admit(caller)).toThrow(ended);
    const later = buildCaller({
      tenantId: caller.tenantId,
      sessionId: uuidv7({ msecs: startOf(caller.sessionId) + 1 }),
    });
    expect(list.admit(later)).toBe(later);
  });

  it('forgets what no living token can refer to', () => {
    let now = Date.now();
    const list = createRevocationList(() => now);
    const { sessionId: id, tenantId } = buildCaller();
    list.addSnapshot(buildSnapshot({ sessions: [{ id, tenantId }] }));
    now += 600_000;
    list.prune();
    expect(list.size()).toBe(1);
    now += 61_000;
    list.prune();
    expect(list.size()).toBe(0);
  });
});

describe('revocations of a service', () => {
  let revocations: Revocations | undefined;
  afterEach(() => revocations?.close());
  const start = (source: RevocationSource, patience?: number) =>
    (revocations = createRevocations({
      source,
      log: createLogger('test', 'silent'),
      ...(patience && { patience }),
    }));

  it('answer 503 until auth has said what is revoked, and then admit', async () => {
    const answer = Promise.withResolvers<RevocationSnapshot>();
    const { admit } = start(() => answer.promise, 20);
    const caller = buildCaller();
    await expect(admit(caller)).rejects.toMatchObject({ status: 503, code: 'revocations_unavailable' });
    answer.resolve(buildSnapshot());
    await expect(admit(caller)).resolves.toBe(caller);
  });

  it('go on with what they know while auth is away, and ask again', async () => {
    const caller = buildCaller();
    const source = jest.fn<RevocationSource>();
    source.mockResolvedValueOnce(buildSnapshot());
    source.mockRejectedValueOnce(new Error('auth is away'));
    const { sessionId: id, tenantId } = caller;
    source.mockResolvedValue(buildSnapshot({ sessions: [{ id, tenantId }] }));
    const { admit, setBusConnected } = start(source);
    await expect(admit(caller)).resolves.toBe(caller);
    setBusConnected(true);
    while (source.mock.calls.length < 2) await new Promise(setImmediate);
    await expect(admit(caller)).resolves.toBe(caller);
    setBusConnected(false);
    while (source.mock.calls.length < 3) await new Promise(setImmediate);
    await new Promise(setImmediate);
    await expect(admit(caller)).rejects.toMatchObject({ code: 'session_ended' });
  });

  it('leave no more than the role once nobody can tell of the end of a grant', async () => {
    const caller = buildCaller({ role: 'sales' });
    const { tenantId, userId } = caller;
    const grant = { id: uuidv7(), tenantId, permission: 'deals:delete', scope: 'all' as const };
    const state = { ...grant, to: { userId }, expiresAt: null, isRevoked: false };
    const source = jest.fn<RevocationSource>();
    source.mockResolvedValueOnce(buildSnapshot({ grants: [state] }));
    source.mockRejectedValue(new Error('auth is away'));
    const { admit, setBusConnected } = start(source);
    expect((await admit(caller)).grants).toHaveLength(1);
    const later = Date.now() + 31_000;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(later);
    try {
      await expect(admit(caller)).resolves.toBe(caller);
      // What happened before the bus came is only known to auth.
      setBusConnected(true);
      await expect(admit(caller)).resolves.toBe(caller);
      source.mockResolvedValue(buildSnapshot());
      setBusConnected(true);
      while ((await admit(caller)).grants === undefined) await new Promise(setImmediate);
      clock.mockReturnValue(later + 31_000);
      expect((await admit(caller)).grants).toHaveLength(1);
      setBusConnected(false);
      source.mockRejectedValue(new Error('auth is away'));
      await expect(admit(caller)).resolves.toBe(caller);
    } finally {
      clock.mockRestore();
    }
  });

  it('ask for what is new since a little before the last answer', async () => {
    const source = jest.fn<RevocationSource>();
    source.mockResolvedValue(buildSnapshot({ asOf: '2026-03-01T09:30:00.000Z' }));
    const { admit, setBusConnected } = start(source);
    await admit(buildCaller());
    setBusConnected(true);
    while (source.mock.calls.length < 2) await new Promise(setImmediate);
    expect(source.mock.calls).toEqual([[undefined], ['2026-03-01T09:29:50.000Z']]);
  });
});
