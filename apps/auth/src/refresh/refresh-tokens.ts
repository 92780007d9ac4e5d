import type { Caller } from '@pipedesk/service-kit';
import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { RefreshTokenStore } from './refresh-token.model.ts';

/** Whose session a refresh token continues. */
export type Family = Pick<Caller, 'tenantId' | 'userId' | 'sessionId'>;

interface RefreshTokensOptions {
  store: RefreshTokenStore;
  /** 32 bytes in base64. */
  secret: string;
  clock: () => Date;
}

export interface RefreshTokens {
  /** The first token of a session. */
  start(family: Family): Promise<string>;
  /** The family of a token that was ours once and has not expired. */
  familyOf(token: string): Promise<Family | null>;
  /** The next token; null when this one was exchanged before and somebody else must have it. */
  exchange(token: string, family: Family): Promise<string | null>;
  end(sessionId: string): Promise<void>;
}

/** A token that nobody exchanges for so long is dead, ms. */
const idleLifetime = 14 * 86_400_000;
/** Within this time after its exchange a token may come again: an answer was lost, two tabs woke up together. ms. */
const grace = 30_000;
const mostRepeats = 10;

/**
 * Opaque refresh tokens that are exchanged at each use. A successor is derived from its token under a secret of ours,
 * so a repeated exchange yields the same one, though only hashes are stored.
 */
export function createRefreshTokens({ store, secret, clock }: RefreshTokensOptions): RefreshTokens {
  const key = Buffer.from(
    hkdfSync('sha256', Buffer.from(secret, 'base64'), '', 'pipedesk refresh token successor', 32),
  );
  const successorOf = (token: string) => createHmac('sha256', key).update(token).digest('base64url');

  async function add(token: string, { tenantId, userId, sessionId }: Family): Promise<string> {
    const expiresAt = new Date(clock().getTime() + idleLifetime);
    await store.add({ _id: hashOf(token), tenantId, userId, sessionId, usedAt: null, repeats: 0, expiresAt });
    return token;
  }

  return {
    start: (family) => add(randomBytes(32).toString('base64url'), family),
    familyOf: async (token) => {
      const found = await store.find(hashOf(token));
      if (!found || found.expiresAt <= clock()) return null;
      const { tenantId, userId, sessionId } = found;
      return { tenantId, userId, sessionId };
    },
    exchange: async (token, family) => {
      const hash = hashOf(token);
      const now = clock();
      const isFirst = await store.use(hash, now);
      const isAllowed = isFirst || (await store.repeat(hash, new Date(now.getTime() - grace), mostRepeats));
      return isAllowed ? add(successorOf(token), family) : null;
    },
    end: (sessionId) => store.removeFamily(sessionId),
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
