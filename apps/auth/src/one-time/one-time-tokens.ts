import type { Connection, Migration } from '@pipedesk/mongo';
import { createHash, randomBytes } from 'node:crypto';

const collection = 'one_time_tokens';

/** What a token is good for; one for another purpose is as unknown as an invented one. */
export type Purpose = 'password_reset' | 'invitation' | 'second_factor' | 'google_sign_in';

/** Whom a token speaks for: a user, or the invitation a user will come from. */
export interface TokenOwner {
  tenantId: string;
  /** The user's or the invitation's id. */
  ownerId: string;
}

interface StoredToken extends TokenOwner {
  /** SHA-256 of the token, base64url: it has 256 random bits. */
  _id: string;
  purpose: Purpose;
  attempts: number;
  expiresAt: Date;
}

export interface OneTimeTokens {
  /** @param lifetime in ms */
  issue(purpose: Purpose, owner: TokenOwner, lifetime: number): Promise<string>;
  find(purpose: Purpose, token: string): Promise<TokenOwner | null>;
  /** The owner, to one caller only, whoever else tries at the same moment. */
  take(purpose: Purpose, token: string): Promise<TokenOwner | null>;
  /** Counts an attempt at what the token leads to; null when there were `most` before. */
  attempt(purpose: Purpose, token: string, most: number): Promise<TokenOwner | null>;
  removeAllOf(purpose: Purpose, owner: TokenOwner): Promise<void>;
}

/** Tokens for one act of somebody who is not logged in: they are found before a tenant is known and name it. */
export function createOneTimeTokens(connection: Connection, clock: () => Date): OneTimeTokens {
  const tokens = connection.collection<StoredToken>(collection);
  const alive = (purpose: Purpose, token: string) => ({
    _id: hashOf(token),
    purpose,
    expiresAt: { $gt: clock() },
  });
  return {
    issue: async (purpose, owner, lifetime) => {
      const token = randomBytes(32).toString('base64url');
      const expiresAt = new Date(clock().getTime() + lifetime);
      const { tenantId, ownerId } = owner;
      await tokens.insertOne({ _id: hashOf(token), purpose, tenantId, ownerId, attempts: 0, expiresAt });
      return token;
    },
    find: async (purpose, token) => ownerOf(await tokens.findOne(alive(purpose, token))),
    take: async (purpose, token) => ownerOf(await tokens.findOneAndDelete(alive(purpose, token))),
    attempt: async (purpose, token, most) => {
      const filter = { ...alive(purpose, token), attempts: { $lt: most } };
      return ownerOf(await tokens.findOneAndUpdate(filter, { $inc: { attempts: 1 } }));
    },
    removeAllOf: async (purpose, { tenantId, ownerId }) => {
      await tokens.deleteMany({ purpose, tenantId, ownerId });
    },
  };
}

function ownerOf(stored: StoredToken | null): TokenOwner | null {
  return stored && { tenantId: stored.tenantId, ownerId: stored.ownerId };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

export const oneTimeTokenMigrations: Migration[] = [
  {
    id: '2026-11-22-one-time-token-indexes',
    up: (db) =>
      db.collection(collection).createIndexes([
        { key: { ownerId: 1, purpose: 1 }, name: 'owner' },
        { key: { expiresAt: 1 }, name: 'expired', expireAfterSeconds: 0 },
      ]),
  },
];
