import {
  type ChangeEvent,
  type RevocationSnapshot,
  subjectOf,
  type UserAccess,
  userAccessSchema,
} from '@pipedesk/contracts';
import { unauthorized } from '../http/problem.ts';
import type { Caller } from '../request-context.ts';

/** Event types that end what a token says. The queue that feeds a list is bound to these. */
export const revokingEvents = [
  'auth.session.deleted',
  'auth.api_key.deleted',
  'auth.user.updated',
  'auth.user.deleted',
  'auth.tenant.updated',
] as const;

/** A clock that is behind auth's and the time an event may take, ms. */
const slack = 60_000;
/** Until auth has told how long its tokens live: the longest it can be set to, ms. */
const longestLifetime = 86_400_000;

export interface RevocationList {
  /** The caller as they are now. @throws ProblemError 401 `session_ended` */
  admit(caller: Caller): Caller;
  add(event: ChangeEvent): void;
  addSnapshot(snapshot: RevocationSnapshot): void;
  /** Forgets what no living token can refer to any more. */
  prune(): void;
  size(): number;
}

interface Entry<Value> {
  value: Value;
  until: number;
}

/**
 * What has happened to sessions, users and tenants within the lifetime of a token. Keys hold tenant and id, so that an
 * event of one tenant says nothing about another's.
 */
export function createRevocationList(clock: () => number = Date.now): RevocationList {
  const sessions = new Map<string, Entry<true>>();
  const users = new Map<string, Entry<Omit<UserAccess, 'id' | 'tenantId'>>>();
  const tenants = new Map<string, Entry<number>>();
  let keepFor = longestLifetime + slack;

  const entry = <Value>(value: Value): Entry<Value> => ({ value, until: clock() + keepFor });

  function endSession(tenantId: string, id: string): void {
    sessions.set(keyOf(tenantId, id), entry(true));
  }

  /** Snapshots and events overlap and may come in any order: the highest version is the latest. */
  function changeUser({ tenantId, id, ...access }: UserAccess): void {
    const known = users.get(keyOf(tenantId, id));
    if (!known || known.value.version < access.version) users.set(keyOf(tenantId, id), entry(access));
  }

  function moveNotBefore(tenantId: string, notBefore: string): void {
    const time = Math.max(Date.parse(notBefore), tenants.get(tenantId)?.value ?? 0);
    tenants.set(tenantId, entry(time));
  }

  function add(event: ChangeEvent): void {
    const { entityType, entityId: id } = subjectOf(event);
    const { tenantid: tenantId, data } = event;
    if ((entityType === 'session' || entityType === 'api_key') && data.action === 'deleted')
      endSession(tenantId, id);
    if (entityType === 'user') changeUser(accessAfter(event, id));
    const notBefore = entityType === 'tenant' ? data.after?.notBefore : undefined;
    if (typeof notBefore === 'string') moveNotBefore(tenantId, notBefore);
  }

  return {
    admit: (caller) => {
      const { tenantId, sessionId, apiKey } = caller;
      const notBefore = tenants.get(tenantId)?.value ?? 0;
      if (apiKey && sessions.has(keyOf(tenantId, apiKey.id))) throw sessionEnded();
      if (sessions.has(keyOf(tenantId, sessionId)) || startOf(sessionId) < notBefore) throw sessionEnded();
      const now = users.get(keyOf(tenantId, caller.userId))?.value;
      if (!now || now.version <= caller.permissionVersion) return caller;
      if (now.status !== 'active') throw sessionEnded();
      const { name, role, teamId, version: permissionVersion } = now;
      return { ...caller, name, role, teamId, permissionVersion };
    },
    add,
    addSnapshot: (snapshot) => {
      keepFor = snapshot.tokenLifetime * 1000 + slack;
      for (const { tenantId, id } of snapshot.sessions) endSession(tenantId, id);
      for (const user of snapshot.users) changeUser(user);
      for (const { id, notBefore } of snapshot.tenants) moveNotBefore(id, notBefore);
    },
    prune: () => {
      const now = clock();
      for (const entries of [sessions, users, tenants])
        for (const [key, { until }] of entries) if (until < now) entries.delete(key);
    },
    size: () => sessions.size + users.size + tenants.size,
  };
}

/** A user who was removed, or whose event cannot be read, has no access. */
function accessAfter({ tenantid: tenantId, data }: ChangeEvent, id: string): UserAccess {
  const parsed = userAccessSchema.safeParse({ ...data.after, id, tenantId, version: data.version });
  if (parsed.success) return parsed.data;
  return { id, tenantId, version: data.version, name: '', role: 'viewer', teamId: null, status: 'disabled' };
}

function keyOf(tenantId: string, id: string): string {
  return `${tenantId}/${id}`;
}

/** When a session began: its UUIDv7 starts with that time in ms (RFC 9562 section 5.7). */
export function startOf(sessionId: string): number {
  return parseInt(sessionId.slice(0, 8) + sessionId.slice(9, 13), 16);
}

export function sessionEnded() {
  return unauthorized('session_ended', 'This session has ended. Log in again.');
}
