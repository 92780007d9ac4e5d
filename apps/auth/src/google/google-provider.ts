import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretPost,
  Configuration,
  enableNonRepudiationChecks,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { z } from 'zod';

export interface GoogleOptions {
  clientId: string;
  clientSecret: string;
  /** The callback as Google knows it. */
  redirectUri: string;
  /** The page of the front end that browsers go on to; without it the callback answers by itself. */
  returnUrl?: string | undefined;
  /** An emulator in Google's place; never in production. */
  emulatorUrl?: string | undefined;
}

/** What only the browser that began a sign-in can bring back. */
export interface SignInChecks {
  state: string;
  nonce: string;
  verifier: string;
}

/** Somebody as Google knows them. */
export interface GoogleIdentity {
  sub: string;
  email: string;
  isEmailVerified: boolean;
}

export interface GoogleProvider {
  begin(): Promise<{ url: string; checks: SignInChecks }>;
  /** @param query of the callback, with `?`. @throws Error when anything does not fit */
  finish(query: string, checks: SignInChecks): Promise<GoogleIdentity>;
}

const claimsSchema = z.object({
  sub: z.string().min(1).max(255),
  email: z.email().transform((email) => email.toLowerCase()),
  email_verified: z.boolean(),
});

/** Google is waited for so long, seconds. */
const timeout = 5;

/**
 * Sign-in by OpenID Connect's authorization code flow with PKCE (RFC 9700), by a certified client: it checks state, nonce,
 * issuer, audience, times, and the signature of the ID token, RS256 only.
 */
export function createGoogleProvider(options: GoogleOptions): GoogleProvider {
  const { clientId, clientSecret, redirectUri, emulatorUrl } = options;
  const metadata = { id_token_signed_response_alg: 'RS256' };
  const config = new Configuration(
    endpointsAt(emulatorUrl),
    clientId,
    metadata,
    ClientSecretPost(clientSecret),
  );
  config.timeout = timeout;
  enableNonRepudiationChecks(config);
  if (emulatorUrl !== undefined) allowInsecureRequests(config);
  return {
    begin: async () => {
      const checks = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
      const url = buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid email',
        state: checks.state,
        nonce: checks.nonce,
        code_challenge: await calculatePKCECodeChallenge(checks.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, checks };
    },
    finish: async (query, { state, nonce, verifier }) => {
      const tokens = await authorizationCodeGrant(config, new URL(query, redirectUri), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const { sub, email, email_verified: isEmailVerified } = claimsSchema.parse(tokens.claims());
      return { sub, email, isEmailVerified };
    },
  };
}

/** True when Google is to blame, or the way to it, by the error or what caused it: nobody was refused. */
export function isOutage(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { message, code, status, cause } = error as Record<string, unknown>;
  if (message === 'fetch failed' || code === 'OAUTH_TIMEOUT') return true;
  return (typeof status === 'number' && status >= 500) || isOutage(cause);
}

/** Google's own, as its discovery document has them; an emulator has all of them at one place. */
function endpointsAt(emulatorUrl: string | undefined) {
  const at = (own: string) =>
    emulatorUrl === undefined ? own : new URL(new URL(own).pathname, emulatorUrl).href;
  return {
    issuer: emulatorUrl?.replace(/\/$/, '') ?? 'https://accounts.google.com',
    authorization_endpoint: at('https://accounts.google.com/o/oauth2/v2/auth'),
    token_endpoint: at('https://oauth2.googleapis.com/token'),
    jwks_uri: at('https://www.googleapis.com/oauth2/v3/certs'),
  };
}
