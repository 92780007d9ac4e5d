import type { KeySecret, KeySource, Logger } from '@pipedesk/service-kit';
import { calculateJwkThumbprint } from 'jose';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import type { PublicJwk, SigningKey, SigningKeyStore } from './signing-key.model.ts';

interface KeyRingOptions {
  store: SigningKeyStore;
  secret: KeySecret;
  log: Logger;
  clock: () => Date;
}

/** The keys of the store, at hand for signing and verifying. Keys of other replicas arrive by reloading. */
export interface KeyRing extends KeySource {
  /** The key that signs new tokens. Made on first use, if there is none. */
  signingKey(): Promise<{ kid: string; key: KeyObject }>;
  /** The key set verifiers fetch; only public members. */
  publicKeys(): Promise<PublicJwk[]>;
}

interface LoadedKeys {
  signing: { kid: string; key: KeyObject };
  jwks: PublicJwk[];
  verifying: Map<string, KeyObject>;
  loadedAt: number;
}

/** How old loaded keys may be before they are read again, ms. */
const maxAge = 60_000;
/** Least time between two reads for key ids that are not known, ms: a flood of invented ids costs one read. */
const coolDown = 5_000;

export function createKeyRing(options: KeyRingOptions): KeyRing {
  let loaded: LoadedKeys | undefined;
  let loading: Promise<LoadedKeys> | undefined;

  /** One read at a time, shared by whoever waits. */
  function load(): Promise<LoadedKeys> {
    loading ??= loadKeys(options)
      .then((keys) => (loaded = keys))
      .finally(() => (loading = undefined));
    return loading;
  }

  const keysNotOlderThan = async (age: number): Promise<LoadedKeys> =>
    loaded && Date.now() - loaded.loadedAt < age ? loaded : load();

  return {
    signingKey: async () => (await keysNotOlderThan(maxAge)).signing,
    publicKeys: async () => (await keysNotOlderThan(coolDown)).jwks,
    find: async (kid) => {
      const known = (await keysNotOlderThan(maxAge)).verifying.get(kid);
      return known ?? (await keysNotOlderThan(coolDown)).verifying.get(kid);
    },
  };
}

async function loadKeys({ store, secret, log, clock }: KeyRingOptions): Promise<LoadedKeys> {
  // Read before the keys: when another replica makes one in between, ours has its generation and is refused.
  const generation = (await store.newestGeneration()) + 1;
  let keys = await store.current();
  if (!keys.some(isOurs(secret))) {
    const foreign = keys[0];
    if (foreign)
      log.warn({ kid: foreign._id }, 'signing key belongs to another AUTH_KEY_SECRET; making a new one');
    await store.add(await newSigningKey(secret, generation, clock()));
    keys = await store.current();
  }
  const ours = keys.filter(isOurs(secret));
  // One that is only published waits until every verifier has it, unless there is no other.
  const newest = ours.find(({ activeFrom }) => activeFrom <= clock()) ?? ours.at(-1);
  // Another process with another secret was first with this generation; the next load makes a generation of our own.
  if (!newest) throw new Error('no signing key can be read with this AUTH_KEY_SECRET yet');
  return {
    signing: { kid: newest._id, key: privateKeyOf(newest, secret) },
    jwks: keys.map(({ publicJwk }) => publicJwk),
    verifying: new Map(keys.map(({ _id, publicJwk }) => [_id, publicKeyOf(publicJwk)])),
    loadedAt: Date.now(),
  };
}

const isOurs = (secret: KeySecret) => (key: SigningKey) => key.sealedBy === secret.id;

/** @param activeFrom when it begins to sign */
export async function newSigningKey(
  secret: KeySecret,
  generation: number,
  activeFrom: Date,
): Promise<SigningKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty = '', crv = '', x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint({ kty, crv, x, y }, 'sha256');
  return {
    _id: kid,
    generation,
    publicJwk: { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' },
    sealedJwk: secret.seal(JSON.stringify(privateKey.export({ format: 'jwk' })), kid),
    sealedBy: secret.id,
    createdAt: new Date(),
    activeFrom,
    retiredAt: null,
  };
}

function privateKeyOf(key: SigningKey, secret: KeySecret): KeyObject {
  const jwk = JSON.parse(secret.open(key.sealedJwk, key._id)) as JsonWebKey;
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

function publicKeyOf({ kty, crv, x, y }: PublicJwk): KeyObject {
  return createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' });
}
