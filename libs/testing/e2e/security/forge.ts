import { SignJWT } from 'jose';
import { MongoClient } from 'mongodb';
import {
  createDecipheriv,
  createPrivateKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { given } from '../../src/index.ts';
import type { World } from './world.ts';

/** Given to auth by these tests, so that they can open its keys as somebody who stole them would. */
export const keySecret = randomBytes(32);

export interface PublicJwk {
  kid: string;
  kty: string;
  crv: string;
  x: string;
  y: string;
}

/** Makes tokens that only auth could make, so that each test changes one thing about a token that would do otherwise. */
export interface Forge {
  kid: string;
  publicJwk: PublicJwk;
  privateKey: KeyObject;
  claims: Record<string, unknown>;
  /** Signed with auth's key; a claim or header member of `undefined` is left out. */
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>, key?: KeyObject): Promise<string>;
}

export async function createForge(world: World): Promise<Forge> {
  const { kid, publicJwk, privateKey } = await stealKey(world.system.databasePrefix);
  const { sales } = world.a.members;
  const now = Math.floor(Date.now() / 1000);
  const [, payload = ''] = sales.token.split('.');
  const genuine = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const claims = { ...genuine, jti: uuidv7(), iat: now, exp: now + 600 };
  return {
    kid,
    publicJwk,
    privateKey,
    claims,
    sign: (changes = {}, header = {}, key = privateKey) =>
      new SignJWT(without({ ...claims, ...changes }))
        .setProtectedHeader(without({ alg: 'ES256', typ: 'at+jwt', kid, ...header }) as { alg: string })
        .sign(key),
  };
}

/** A P-256 key that auth never published. */
export function strangersKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

async function stealKey(databasePrefix: string) {
  const client = await MongoClient.connect(given('MONGODB_URI'));
  try {
    const keys = client
      .db(`${databasePrefix}_auth`)
      .collection<{ _id: string; sealedJwk: string; publicJwk: PublicJwk }>('signing_keys');
    const stored = await keys.findOne({ retiredAt: null }, { sort: { generation: -1 } });
    if (!stored) throw new Error('auth has no signing key');
    const jwk = JSON.parse(open(stored.sealedJwk, stored._id)) as JsonWebKey;
    return {
      kid: stored._id,
      publicJwk: stored.publicJwk,
      privateKey: createPrivateKey({ key: jwk, format: 'jwk' }),
    };
  } finally {
    await client.close();
  }
}

/** AES-256-GCM: nonce, tag, ciphertext. */
function open(sealed: string, label: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', keySecret, bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(label));
  decipher.setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString();
}

function without(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
