import { hash, verify } from '@node-rs/argon2';
import { randomUUID } from 'node:crypto';
import type { WorkQueue } from './work-queue.ts';

/** argon2id, OWASP Password Storage Cheat Sheet: m=46 MiB, t=1, p=1. */
const argon2Options = { memoryCost: 47_104, timeCost: 1, parallelism: 1 };

export interface Passwords {
  /** @returns the PHC string. @throws ProblemError 503 when overloaded */
  hash(password: string): Promise<string>;
  /** Takes the same time without a hash (an unknown user) as with one. @throws ProblemError 503 when overloaded */
  isRight(phc: string | null, password: string): Promise<boolean>;
}

/** Each check costs 46 MiB and some 30 ms of a core, so all of them go through one bounded queue. */
export function createPasswords(queue: WorkQueue): Passwords {
  let decoy: Promise<string> | undefined;
  const hashPassword = (password: string) => queue(() => hash(normalized(password), argon2Options));
  return {
    hash: hashPassword,
    isRight: async (phc, password) => {
      decoy ??= hash(randomUUID(), argon2Options);
      const against = await decoy;
      const isMatch = await queue(() => verify(phc ?? against, normalized(password)));
      return phc !== null && isMatch;
    },
  };
}

/** One password, however the keyboard composes its accents (RFC 8265 section 4.2). */
function normalized(password: string): string {
  return password.normalize('NFC');
}
