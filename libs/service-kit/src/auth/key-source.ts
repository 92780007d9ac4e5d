import { jwksSchema } from '@pipedesk/contracts';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { unavailable } from '../http/problem.ts';

/** Where verifiers get public keys from. Returns undefined for a key id that is not (or no longer) in the set. */
export interface KeySource {
  find(kid: string): Promise<KeyObject | undefined>;
}

interface RemoteOptions {
  url: string;
  /** How long a fetched set is used before it is fetched again, ms. */
  maxAge?: number;
  /** Least time between two fetches, ms: a flood of unknown key ids costs one fetch. */
  coolDown?: number;
  timeout?: number;
}

/** Services start together: the first fetch may well come before the endpoint is there. */
const coldCoolDown = 1_000;

/**
 * Keys of a JWKS endpoint (RFC 7517), cached. A stale set keeps serving while the endpoint is down; only a cold start
 * without it fails.
 */
export function remoteKeys({
  url,
  maxAge = 300_000,
  coolDown = 10_000,
  timeout = 3_000,
}: RemoteOptions): KeySource {
  let keys: Map<string, KeyObject> | undefined;
  let fetchedAt = -Infinity;
  let attemptedAt = -Infinity;
  let refresh: Promise<void> | undefined;

  async function fetchKeys(): Promise<void> {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: 'error' });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    const set = jwksSchema.parse(await response.json());
    const usable = set.keys.filter((jwk) => jwk.alg === 'ES256' && jwk.use === 'sig');
    keys = new Map(usable.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
    fetchedAt = Date.now();
  }

  /** One fetch at a time, shared by whoever waits. */
  function refreshOnce(): Promise<void> {
    if (!refresh) attemptedAt = Date.now();
    refresh ??= fetchKeys().finally(() => (refresh = undefined));
    return refresh;
  }

  return {
    async find(kid) {
      const isFresh = Date.now() - fetchedAt < maxAge;
      // A known key never waits for a fetch that somebody else's unknown key has caused.
      if (isFresh && keys?.has(kid)) return keys.get(kid);
      const pause = keys === undefined ? Math.min(coolDown, coldCoolDown) : coolDown;
      if (refresh || Date.now() - attemptedAt > pause) await refreshOnce().catch(failWhenCold);
      if (keys === undefined) failWhenCold();
      return keys?.get(kid);
    },
  };

  function failWhenCold(cause?: unknown): void {
    if (keys === undefined) {
      throw unavailable('signing_keys_unavailable', {
        detail: 'Tokens cannot be verified just now. Try again shortly.',
        cause,
      });
    }
  }
}
