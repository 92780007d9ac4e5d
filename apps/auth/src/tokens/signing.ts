import type { Connection } from '@pipedesk/mongo';
import type { KeySecret, Logger } from '@pipedesk/service-kit';
import { createKeyRing, type KeyRing } from './key-ring.ts';
import { createKeyRotation, type KeyRotation } from './key-rotation.ts';
import { createSigningKeyStore } from './signing-key.model.ts';
import { createTokenIssuer, type TokenIssuer } from './token-issuer.ts';

interface SigningDeps {
  connection: Connection;
  secret: KeySecret;
  issuer: string;
  audience: string;
  /** For so long a key signs. */
  keyRotationDays: number;
  /** Of an access token, seconds. */
  tokenLifetime: number;
  clock: () => Date;
  log: Logger;
}

/** The keys of access tokens, what replaces them on schedule, and who signs with them. */
export function createSigning(deps: SigningDeps): {
  keys: KeyRing;
  rotation: KeyRotation;
  tokens: TokenIssuer;
} {
  const { connection, tokenLifetime } = deps;
  const store = createSigningKeyStore(connection);
  const keys = createKeyRing({ ...deps, store });
  const rotation = createKeyRotation({ ...deps, store, period: deps.keyRotationDays * 86_400_000 });
  return { keys, rotation, tokens: createTokenIssuer({ ...deps, keys, lifetime: tokenLifetime }) };
}
