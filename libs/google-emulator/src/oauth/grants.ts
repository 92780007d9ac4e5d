import { createHash, randomBytes } from 'node:crypto';
import type { GoogleAccount } from '../google-account.ts';

/** What an account's owner has agreed to. */
export interface Grant {
  account: GoogleAccount;
  clientId: string;
  redirectUri: string;
  scope: string;
  nonce?: string | undefined;
  /** PKCE, S256. */
  challenge?: string | undefined;
  isOffline: boolean;
}

export interface Grants {
  /** A code that is good once. */
  issueCode(grant: Grant): string;
  takeCode(code: string): Grant | undefined;
  issueTokens(grant: Grant): { access: string; refresh?: string };
  findByAccess(token: string): Grant | undefined;
  findByRefresh(token: string): Grant | undefined;
  /** True when there was such a token; all of its grant end with it. */
  revoke(token: string): boolean;
  revokeAllOf(sub: string): void;
}

const opaque = (prefix: string) => prefix + randomBytes(24).toString('base64url');

export function createGrants(): Grants {
  const codes = new Map<string, Grant>();
  const access = new Map<string, Grant>();
  const refresh = new Map<string, Grant>();
  const end = (isOver: (grant: Grant) => boolean) => {
    for (const tokens of [access, refresh])
      for (const [token, grant] of tokens) if (isOver(grant)) tokens.delete(token);
  };
  return {
    issueCode: (grant) => keep(codes, opaque('4/'), grant),
    takeCode: (code) => {
      const grant = codes.get(code);
      codes.delete(code);
      return grant;
    },
    issueTokens: (grant) => ({
      access: keep(access, opaque('ya29.'), grant),
      ...(grant.isOffline && { refresh: keep(refresh, opaque('1//'), grant) }),
    }),
    findByAccess: (token) => access.get(token),
    findByRefresh: (token) => refresh.get(token),
    revoke: (token) => {
      const grant = access.get(token) ?? refresh.get(token);
      if (grant) end((other) => other === grant);
      return grant !== undefined;
    },
    revokeAllOf: (sub) => {
      end(({ account }) => account.sub === sub);
    },
  };
}

function keep(tokens: Map<string, Grant>, token: string, grant: Grant): string {
  tokens.set(token, grant);
  return token;
}

/** RFC 7636 section 4.6. */
export function fitsChallenge({ challenge }: Grant, verifier: string | undefined): boolean {
  if (challenge === undefined) return verifier === undefined;
  return verifier !== undefined && createHash('sha256').update(verifier).digest('base64url') === challenge;
}
