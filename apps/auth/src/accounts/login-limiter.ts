import { networkOf, ProblemError } from '@pipedesk/service-kit';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

interface LimiterOptions {
  /** Failed attempts at one account from one network within the window. */
  perAccount?: number;
  /** Failed attempts at any account from one network within the window. */
  perNetwork?: number;
  /** Seconds. */
  window?: number;
}

export interface LoginLimiter {
  /**
   * Counts an attempt before its password is looked at, or parallel attempts would all pass.
   * @throws ProblemError 429 with Retry-After
   */
  begin(email: string, ip: string | null): Promise<void>;
  /** The password was right: the attempt and the failures before it are forgiven. */
  succeeded(email: string, ip: string | null): Promise<void>;
}

/**
 * Slows down guessing. Failures count per account *and* network, so an attacker elsewhere cannot lock the owner of an
 * account out; and per network, so one party cannot try one password on many accounts. Counted in this process: with n
 * replicas an attacker has n times the attempts, still far too few against a password of twelve characters.
 */
export function createLoginLimiter({
  perAccount = 10,
  perNetwork = 100,
  window = 900,
}: LimiterOptions = {}): LoginLimiter {
  const accounts = new RateLimiterMemory({ keyPrefix: 'account', points: perAccount, duration: window });
  const networks = new RateLimiterMemory({ keyPrefix: 'network', points: perNetwork, duration: window });
  const accountKey = (email: string, ip: string | null) => `${networkOf(ip)} ${email}`;

  return {
    begin: async (email, ip) => {
      try {
        // The network first: what it refuses leaves no account behind in memory.
        await networks.consume(networkOf(ip));
        await accounts.consume(accountKey(email, ip));
      } catch (reason) {
        throw reason instanceof RateLimiterRes ? tooManyAttempts(reason.msBeforeNext) : reason;
      }
    },
    succeeded: async (email, ip) => {
      await Promise.all([networks.reward(networkOf(ip)), accounts.delete(accountKey(email, ip))]);
    },
  };
}

function tooManyAttempts(waitMs: number): ProblemError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new ProblemError(429, 'too_many_attempts', {
    detail: `Too many failed logins. Try again in ${seconds} s.`,
    headers: { 'Retry-After': String(seconds) },
  });
}
