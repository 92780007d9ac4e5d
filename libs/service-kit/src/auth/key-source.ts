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
  let attemptedAt = -Infinity;
  let refresh: Promise<void> | undefined;

  async function fetchKeys(): Promise<void> {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: 'error' });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    const set = jwksSchema.parse(await response.json());
    const usable = set.keys.filter((jwk) => jwk.alg === 'ES256' && jwk.use === 'sig');
    keys = new Map(usable.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
  }

  /** One fetch at a time, shared by whoever waits. */
  function refreshOnce(): Promise<void> {
    attemptedAt = Date.now();
    refresh ??= fetchKeys().finally(() => (refresh = undefined));
    return refresh;
  }

  return {
    async find(kid) {
      const age = Date.now() - attemptedAt;
      const wanted = keys === undefined || age > maxAge || !keys.has(kid);
      if (refresh || (wanted && age > coolDown)) await refreshOnce().catch(failWhenCold);
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
