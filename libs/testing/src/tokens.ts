import type { Role } from '@pipedesk/contracts';
import { SignJWT } from 'jose';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

/** Whom a token speaks for; unless told, an admin of a tenant of their own. */
export interface Claims {
  tenantId?: string;
  userId?: string;
  role?: Role;
  teamId?: string | null;
  name?: string;
  /** When the user last proved who they are; now, unless told. */
  authenticatedAt?: Date;
}

/** Signs access tokens as auth does, with a key of its own; `keys` is what a service verifies them with. */
export function createTokenIssuer() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [kid, issuer, audience] = ['test-key', 'pipedesk-test', 'pipedesk-test-api'];
  return {
    issuer,
    audience,
    keys: {
      find: (id: string): Promise<KeyObject | undefined> =>
        Promise.resolve(id === kid ? publicKey : undefined),
    },
    /** For services whose tests are not about ended sessions. */
    revocations: { admit: <Caller>(caller: Caller) => Promise.resolve(caller) },
    tokenFor: (claims: Claims = {}): Promise<string> => {
      const { tenantId = uuidv7(), userId = uuidv7(), role = 'admin', teamId = null, name = 'Ada' } = claims;
      const auth_time = Math.floor((claims.authenticatedAt ?? new Date()).getTime() / 1000);
      return new SignJWT({ tid: tenantId, sid: uuidv7(), role, name, team: teamId, pv: 1, auth_time })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
        .setSubject(userId)
        .setJti(uuidv7())
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(privateKey);
    },
  };
}
