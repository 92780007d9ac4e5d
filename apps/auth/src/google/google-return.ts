import type { GoogleSession } from '@pipedesk/contracts';
import { type KeySecret, ProblemError, unauthorized } from '@pipedesk/service-kit';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { OneTimeTokens } from '../one-time/one-time-tokens.ts';
import type { GoogleLookup, Identity } from '../users/user.model.ts';

/** Takes a browser from Google to a page of the front end, and the sign-in with it. */
export interface GoogleReturn {
  /** The page, with a code that is good for one session. @param challenge of the page that began */
  succeeded(identity: Identity, challenge: string): Promise<string>;
  /** The page, with the problem's code. @throws what is no problem */
  failed(error: unknown): string;
  /** Whose session a code is good for. @throws ProblemError 401 `google_code_invalid` */
  redeem(session: GoogleSession): Promise<Identity>;
}

interface GoogleReturnDeps {
  /** From the configuration alone: no request has a say in where browsers go. */
  url: string;
  secret: KeySecret;
  oneTime: OneTimeTokens;
  findByGoogle: GoogleLookup;
}

const codeSchema = z.object({ token: z.string(), sub: z.string(), challenge: z.string() });
const label = 'google session';
/** The page asks at once, ms. */
const lifetime = 60_000;

/**
 * Tokens never stand in an address: it would keep them in the browser's history. What does is a code, in the fragment, which
 * is sent to no server. It opens a session once, within a minute, and only with the secret of the page that began the
 * sign-in: a copied code opens nothing, and nobody can be signed in as somebody else by a link.
 */
export function createGoogleReturn({ url, secret, oneTime, findByGoogle }: GoogleReturnDeps): GoogleReturn {
  const pageWith = (name: string, value: string) =>
    `${url}#${new URLSearchParams({ [name]: value }).toString()}`;

  function open(code: string) {
    try {
      return codeSchema.parse(JSON.parse(secret.open(code, label)));
    } catch (error) {
      throw invalid(error);
    }
  }

  return {
    succeeded: async ({ tenantId, userId, googleSub }, challenge) => {
      const token = await oneTime.issue('google_sign_in', { tenantId, ownerId: userId }, lifetime);
      return pageWith('code', secret.seal(JSON.stringify({ token, sub: googleSub, challenge }), label));
    },
    failed: (error) => {
      if (error instanceof ProblemError) return pageWith('error', error.code);
      throw error;
    },
    redeem: async ({ code, verifier }) => {
      const { token, sub, challenge } = open(code);
      if (createHash('sha256').update(verifier).digest('base64url') !== challenge) throw invalid();
      const owner = await oneTime.take('google_sign_in', token);
      // As they are now: disabled, or unlinked, since Google has answered.
      const identity = owner && (await findByGoogle(sub));
      if (identity?.status !== 'active' || identity.userId !== owner?.ownerId) throw invalid();
      return identity;
    },
  };
}

function invalid(cause?: unknown): ProblemError {
  return unauthorized(
    'google_code_invalid',
    'This sign-in was used, is over a minute old, or was begun elsewhere.',
    cause,
  );
}
