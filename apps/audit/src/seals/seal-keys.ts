import type { SealKey } from '@pipedesk/contracts';
import { type Connection, isDuplicateKey, type Migration } from '@pipedesk/mongo';
import type { KeySecret } from '@pipedesk/service-kit';
import { createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { endorsementText, type KeyLookup, keyLookup, thumbprint } from './format/public-keys.ts';
import { signText } from './format/seal.ts';

const collection = 'seal_keys';

/** A signing key as stored. The newest generation signs; all stay for ever, or old seals could not be verified. */
interface StoredKey {
  /** Its `kid`. */
  _id: string;
  generation: number;
  publicJwk: SealKey;
  /** The private JWK, encrypted and bound to the `kid`. */
  sealedJwk: string;
  /** The id of the secret that encrypted it. */
  sealedBy: string;
  createdAt: Date;
}

interface SealKeysOptions {
  connection: Connection;
  secret: KeySecret;
  clock: () => Date;
  /** Age at which the next generation takes over, ms. */
  rotateAfter: number;
  /** Key ids that count although this secret has not made them: those of a secret before it. */
  trusted: readonly string[];
}

export interface SealKeys {
  /** The key that signs now. Made on first use and when the last is too old. */
  signing(): Promise<{ keyId: string; key: KeyObject }>;
  published(): Promise<SealKey[]>;
  /** How the service itself judges keys: by whether its secret encrypted them, not by what the database says of them. */
  lookup(): Promise<KeyLookup>;
}

export function createSealKeys({
  connection,
  secret,
  clock,
  rotateAfter,
  trusted,
}: SealKeysOptions): SealKeys {
  const keys = connection.collection<StoredKey>(collection);
  const newestFirst = () => keys.find().sort({ generation: -1 }).toArray();

  async function addNext(before: StoredKey | undefined): Promise<StoredKey | undefined> {
    const endorser = before && privateKeyOf(before, secret);
    const endorsement = endorser && before ? { by: before._id, key: endorser } : null;
    try {
      await keys.insertOne(newKey(secret, (before?.generation ?? 0) + 1, endorsement, clock()));
    } catch (error) {
      // Another replica was first with this generation; its key counts.
      if (!isDuplicateKey(error)) throw error;
    }
    return (await newestFirst())[0];
  }

  return {
    async signing() {
      let [newest] = await newestFirst();
      const isCurrent = (key: StoredKey) =>
        privateKeyOf(key, secret) && clock().getTime() - key.createdAt.getTime() < rotateAfter;
      if (!newest || !isCurrent(newest)) newest = await addNext(newest);
      const key = newest && privateKeyOf(newest, secret);
      if (!newest || !key) throw new Error('no key for seals can be read with this AUDIT_KEY_SECRET yet');
      return { keyId: newest._id, key };
    },
    published: async () => (await newestFirst()).map(({ publicJwk }) => publicJwk),
    async lookup() {
      const stored = await newestFirst();
      const ours = new Set(stored.filter((key) => privateKeyOf(key, secret)).map(({ _id }) => _id));
      const isTrusted = ({ kid }: SealKey) => ours.has(kid) || trusted.includes(kid);
      // By the id it is stored under, which is what seals name.
      return keyLookup(
        stored.map(({ _id, publicJwk }) => ({ ...publicJwk, kid: _id })),
        isTrusted,
      );
    },
  };
}

type Endorser = { by: string; key: KeyObject } | null;

function newKey(secret: KeySecret, generation: number, endorser: Endorser, createdAt: Date): StoredKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const shape = { kty: 'OKP', crv: 'Ed25519', x } as const;
  const kid = thumbprint(shape);
  const endorsement = endorser && {
    by: endorser.by,
    signature: signText(endorsementText(kid), endorser.key),
  };
  return {
    _id: kid,
    generation,
    publicJwk: { ...shape, kid, alg: 'EdDSA', use: 'sig', createdAt: createdAt.toISOString(), endorsement },
    sealedJwk: secret.seal(JSON.stringify(privateKey.export({ format: 'jwk' })), kid),
    sealedBy: secret.id,
    createdAt,
  };
}

/** undefined for a key that another secret encrypted, or that is not what was encrypted. */
function privateKeyOf(key: StoredKey, secret: KeySecret): KeyObject | undefined {
  try {
    const jwk = JSON.parse(secret.open(key.sealedJwk, key._id)) as JsonWebKey;
    return createPrivateKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}

export const sealKeyMigrations: Migration[] = [
  {
    id: '2026-11-22-seal-key-indexes',
    // Unique: of several replicas that start at once, one makes the first key and all use it.
    up: (db) =>
      db.collection(collection).createIndex({ generation: 1 }, { name: 'generation', unique: true }),
  },
];
