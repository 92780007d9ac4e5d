import type { Caller } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';

/** Somebody who has just proved who they are, at the start of a session. */
export function newCaller(
  user: Omit<Caller, 'sessionId' | 'authenticatedAt' | 'apiKey'>,
  now: Date = new Date(),
): Caller {
  const { userId, tenantId, name, role, teamId, permissionVersion } = user;
  const authenticatedAt = Math.floor(now.getTime() / 1000);
  const identity = { userId, tenantId, name, role, teamId, permissionVersion };
  return { ...identity, sessionId: uuidv7({ msecs: now.getTime() }), authenticatedAt, apiKey: null };
}
