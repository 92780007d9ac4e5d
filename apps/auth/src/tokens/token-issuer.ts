import type { Caller } from '@pipedesk/service-kit';
import { SignJWT } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import type { KeyRing } from './key-ring.ts';

interface IssuerOptions {
  keys: Pick<KeyRing, 'signingKey'>;
  issuer: string;
  audience: string;
  /** Seconds. */
  lifetime: number;
  clock: () => Date;
}

export interface TokenIssuer {
  /** `expiresIn` is in seconds. @param until the token lives no longer than this */
  issue(caller: Caller, until?: Date): Promise<{ accessToken: string; expiresIn: number }>;
}

/** Access tokens in the profile of RFC 9068 with the claims every decision rests on: tenant, session, role, team. */
export function createTokenIssuer({ keys, issuer, audience, lifetime, clock }: IssuerOptions): TokenIssuer {
  return {
    issue: async (caller, until) => {
      const { userId, tenantId, sessionId } = caller;
      const { kid, key } = await keys.signingKey();
      const now = Math.floor(clock().getTime() / 1000);
      const left = until === undefined ? lifetime : Math.floor(until.getTime() / 1000) - now;
      const expiresIn = Math.min(lifetime, left);
      const accessToken = await new SignJWT({ tid: tenantId, sid: sessionId, ...accessOf(caller) })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setJti(uuidv7())
        .setIssuedAt(now)
        .setExpirationTime(now + expiresIn)
        .sign(key);
      return { accessToken, expiresIn };
    },
  };
}

function accessOf({ role, name, teamId, permissionVersion, authenticatedAt, apiKey, legacyClient }: Caller) {
  return {
    role,
    name,
    team: teamId,
    pv: permissionVersion,
    auth_time: authenticatedAt,
    ...(apiKey && { akid: apiKey.id, perms: apiKey.permissions }),
    ...(legacyClient !== undefined && { lgc: legacyClient }),
  };
}
