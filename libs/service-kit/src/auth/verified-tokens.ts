import { hash, type KeyObject } from 'node:crypto';
import type { Caller } from '../request-context.ts';
import type { KeySource } from './key-source.ts';

/** What of a verified token has to be looked at on every use. */
export interface TokenTerms {
  /** Id of the key that signed it. */
  kid: string;
  /** The key itself. */
  key: KeyObject;
  /** Seconds since 1970. */
  exp: number;
  /** Seconds since 1970. */
  nbf?: number | undefined;
}

export interface VerifiedTokens {
  /** The caller of a token that was verified before and would be now; undefined when that is not certain. */
  find(token: string): Promise<Caller | undefined>;
  /** Remembers a token whose signature and claims have just been verified. */
  add(token: string, terms: TokenTerms, caller: Caller): void;
  size(): number;
}

interface Options {
  keys: KeySource;
  /** As the verifier's, seconds. */
  clockTolerance: number;
  capacity?: number;
}

interface Entry extends TokenTerms {
  caller: Caller;
}

/**
 * Verifying a signature is most of what a request costs, and its result for the same bytes under the same key is the
 * same. What can change is looked at on every use: time, and whether the key is still in the set; whether the session
 * has ended is asked by the caller. Tokens are kept as their SHA-256, so that none can be read from memory, look-ups
 * tell nothing by their time, and an entry is small. Refusals are never kept.
 */
export function createVerifiedTokens({ keys, clockTolerance, capacity = 5_000 }: Options): VerifiedTokens {
  const entries = new Map<string, Entry>();

  function isTimely({ exp, nbf = 0 }: TokenTerms): boolean {
    const now = Math.floor(Date.now() / 1000);
    return now < exp + clockTolerance && nbf <= now + clockTolerance;
  }

  return {
    find: async (token) => {
      const id = digest(token);
      const entry = entries.get(id);
      if (!entry) return undefined;
      // The same object: after each reload of the set every token is verified once more.
      if (isTimely(entry) && (await keys.find(entry.kid)) === entry.key) return entry.caller;
      entries.delete(id);
      return undefined;
    },
    add: (token, terms, caller) => {
      const id = digest(token);
      entries.delete(id);
      if (entries.size >= capacity) deleteOldest(entries);
      // Many requests share it from now on.
      entries.set(id, { ...terms, caller: Object.freeze(caller) });
    },
    size: () => entries.size,
  };
}

/** In the order they were added: a token is used for minutes only, so this is nearly the order of their ends. */
function deleteOldest(entries: Map<string, Entry>): void {
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}

function digest(token: string): string {
  return hash('sha256', token, 'base64');
}
