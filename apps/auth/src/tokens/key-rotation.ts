import type { KeySecret, Logger } from '@pipedesk/service-kit';
import { newSigningKey } from './key-ring.ts';
import type { SigningKey, SigningKeyStore } from './signing-key.model.ts';

interface RotationOptions {
  store: SigningKeyStore;
  secret: KeySecret;
  log: Logger;
  clock: () => Date;
  /** How long a key signs, ms. */
  period: number;
  /** Of an access token, seconds. */
  tokenLifetime: number;
}

export interface KeyRotation {
  /** Does what is due; for several replicas at once it is done once. */
  turn(): Promise<void>;
  close(): void;
}

/** A key is in the key set for so long before it signs: twice what verifiers keep a set for, ms. */
const publishedAhead = 600_000;
/** Clocks differ, and verifiers allow for it, ms. */
const slack = 300_000;
const lookEvery = 60_000;

/**
 * Replaces the signing key on schedule: the next one is published, later it signs, and the one before is retired when
 * the last token it signed has expired. At no moment does a valid token meet a verifier without its key.
 */
export function createKeyRotation(options: RotationOptions): KeyRotation {
  const { store, secret, log, clock, period, tokenLifetime } = options;

  async function publishNext(keys: SigningKey[], now: number): Promise<void> {
    const [newest] = keys;
    if (!newest || newest.sealedBy !== secret.id) return;
    if (now < newest.activeFrom.getTime() + period - publishedAhead) return;
    const activeFrom = new Date(now + publishedAhead);
    const next = await newSigningKey(secret, newest.generation + 1, activeFrom);
    await store.add(next);
    log.info({ generation: next.generation, activeFrom }, 'the next signing key is published');
  }

  async function retireOld(keys: SigningKey[], now: number): Promise<void> {
    const signing = keys.find((key) => key.activeFrom.getTime() <= now);
    if (!signing || now < signing.activeFrom.getTime() + tokenLifetime * 1000 + slack) return;
    for (const { _id: kid, generation } of keys.filter((key) => key.generation < signing.generation)) {
      await store.retire(kid, new Date(now));
      log.info({ kid, generation }, 'signing key retired');
    }
  }

  async function turn(): Promise<void> {
    const now = clock().getTime();
    const keys = await store.current();
    await publishNext(keys, now);
    await retireOld(keys, now);
  }

  const timer = setInterval(() => {
    turn().catch((error: unknown) => {
      log.warn({ err: error }, 'signing keys could not be rotated; it will be repeated');
    });
  }, lookEvery);
  timer.unref();
  return {
    turn,
    close: () => {
      clearInterval(timer);
    },
  };
}
