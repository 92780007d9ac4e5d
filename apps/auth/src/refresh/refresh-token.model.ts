import { type Connection, isDuplicateKey, type Migration } from '@pipedesk/mongo';

const collection = 'refresh_tokens';

/** One refresh token as stored. All tokens of a session are one family. */
export interface StoredRefreshToken {
  /** SHA-256 of the token, base64url. A token has 256 random bits, so a plain hash cannot be turned round. */
  _id: string;
  tenantId: string;
  userId: string;
  sessionId: string;
  /** When it was first exchanged. */
  usedAt: Date | null;
  /** How often its successor was handed out again. */
  repeats: number;
  expiresAt: Date;
}

/**
 * Refresh tokens are found by their hash before a tenant is known, like users by their address at login: the token
 * itself is the proof. Each record names the tenant that everything after it is confined to.
 */
export interface RefreshTokenStore {
  find(hash: string): Promise<StoredRefreshToken | null>;
  /** Adds a token unless it is there already. */
  add(token: StoredRefreshToken): Promise<void>;
  /** @returns true for the first exchange of this token, whoever else tries at the same moment */
  use(hash: string, time: Date): Promise<boolean>;
  /** @returns true when it was exchanged after `since` and has been repeated less than `most` times */
  repeat(hash: string, since: Date, most: number): Promise<boolean>;
  removeFamily(sessionId: string): Promise<void>;
}

export function createRefreshTokenStore(connection: Connection): RefreshTokenStore {
  const tokens = connection.collection<StoredRefreshToken>(collection);
  return {
    find: (hash) => tokens.findOne({ _id: hash }),
    add: async (token) => {
      try {
        await tokens.insertOne(token);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    },
    use: async (hash, time) => {
      const result = await tokens.updateOne({ _id: hash, usedAt: null }, { $set: { usedAt: time } });
      return result.modifiedCount === 1;
    },
    repeat: async (hash, since, most) => {
      const recent = { _id: hash, usedAt: { $gt: since }, repeats: { $lt: most } };
      const result = await tokens.updateOne(recent, { $inc: { repeats: 1 } });
      return result.modifiedCount === 1;
    },
    removeFamily: async (sessionId) => {
      await tokens.deleteMany({ sessionId });
    },
  };
}

export const refreshTokenMigrations: Migration[] = [
  {
    id: '2026-11-22-refresh-token-indexes',
    up: (db) =>
      db.collection(collection).createIndexes([
        { key: { sessionId: 1 }, name: 'session' },
        { key: { expiresAt: 1 }, name: 'expired', expireAfterSeconds: 0 },
      ]),
  },
];
