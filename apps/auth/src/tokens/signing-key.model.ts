import { type Connection, isDuplicateKey, type Migration } from '@pipedesk/mongo';

const collection = 'signing_keys';

/** The public half of an ES256 key, as the JWKS shows it (RFC 7517, RFC 7518 section 6.2.1). */
export interface PublicJwk {
  kty: string;
  crv: string;
  x: string;
  y: string;
  kid: string;
  alg: 'ES256';
  use: 'sig';
}

/**
 * A signing key as stored. The newest generation that is active signs, all that are not retired verify: rotation adds
 * a generation and retires the one before it when its last token has expired.
 */
export interface SigningKey {
  /** Its `kid`: the RFC 7638 thumbprint. */
  _id: string;
  generation: number;
  publicJwk: PublicJwk;
  /** The private JWK, encrypted. */
  sealedJwk: string;
  /** The id of the secret that encrypted it. */
  sealedBy: string;
  createdAt: Date;
  /** From then on it signs; before, verifiers get to know it. */
  activeFrom: Date;
  retiredAt: Date | null;
}

export interface SigningKeyStore {
  /** Keys that verify, newest first. */
  current(): Promise<SigningKey[]>;
  /** Of all keys there ever were, 0 before the first. */
  newestGeneration(): Promise<number>;
  /** Adds a key unless another process has just added this generation; then that key counts and this one is dropped. */
  add(key: SigningKey): Promise<void>;
  /** The key verifies no more; its private half is gone for good. */
  retire(kid: string, time: Date): Promise<void>;
}

export function createSigningKeyStore(connection: Connection): SigningKeyStore {
  const keys = connection.collection<SigningKey>(collection);
  return {
    current: () => keys.find({ retiredAt: null }).sort({ generation: -1 }).toArray(),
    newestGeneration: async () => {
      const [newest] = await keys.find().sort({ generation: -1 }).limit(1).toArray();
      return newest?.generation ?? 0;
    },
    retire: async (kid, retiredAt) => {
      await keys.updateOne({ _id: kid, retiredAt: null }, { $set: { retiredAt, sealedJwk: '' } });
    },
    add: async (key) => {
      try {
        await keys.insertOne(key);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    },
  };
}

export const signingKeyMigrations: Migration[] = [
  {
    id: '2026-11-22-signing-key-activity',
    up: (db) =>
      db
        .collection(collection)
        .updateMany({ activeFrom: { $exists: false } }, { $set: { activeFrom: new Date(0) } }),
  },
  {
    id: '2026-11-22-signing-key-indexes',
    // Unique: of several replicas that start at once, one makes the first key and all use it.
    up: (db) =>
      db.collection(collection).createIndex({ generation: 1 }, { name: 'generation', unique: true }),
  },
];
