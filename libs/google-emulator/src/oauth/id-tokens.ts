import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose';

/** What may be wrong with an ID token. */
export type IdTokenFault = { claims: Record<string, unknown> } | 'unsigned' | 'foreign key' | 'expired';

export interface IdTokens {
  sign(claims: Record<string, unknown>): Promise<string>;
  spoilNext(fault: IdTokenFault): void;
  keys(): JWK[];
}

const kid = 'emulated';
/** As Google's, seconds. */
const lifetime = 3_600;

/** ID tokens as Google signs them: RS256 under a key of the JWKS endpoint. */
export async function createIdTokens(issuer: string): Promise<IdTokens> {
  const own = await generateKeyPair('RS256', { extractable: true });
  const foreign = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(own.publicKey)), kid, alg: 'RS256', use: 'sig' };
  let fault: IdTokenFault | undefined;
  return {
    keys: () => [jwk],
    spoilNext: (next) => {
      fault = next;
    },
    sign: async (claims) => {
      const spoilt = fault;
      fault = undefined;
      const now = Math.floor(Date.now() / 1000) - (spoilt === 'expired' ? 2 * lifetime : 0);
      const times = { iss: issuer, iat: now, exp: now + lifetime };
      const payload = { ...times, ...claims, ...(typeof spoilt === 'object' && spoilt.claims) };
      if (spoilt === 'unsigned') return new UnsecuredJWT(payload).encode();
      const { privateKey } = spoilt === 'foreign key' ? foreign : own;
      return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid }).sign(privateKey);
    },
  };
}
