import { describe, expect, it } from '@jest/globals';
import { createLoginLimiter, type LoginLimiter } from './login-limiter.ts';

const refusal = expect.objectContaining({ status: 429, code: 'too_many_attempts' });

async function fail(limiter: LoginLimiter, times: number, email: string, ip: string): Promise<void> {
  for (let tries = 0; tries < times; tries++) await limiter.begin(email, ip);
}

describe('the login limiter', () => {
  it('refuses an account after its attempts, from one network alone', async () => {
    const limiter = createLoginLimiter({ perAccount: 3 });
    await fail(limiter, 3, 'ada@example.com', '198.51.100.7');
    await expect(limiter.begin('ada@example.com', '198.51.100.7')).rejects.toEqual(refusal);
    await expect(limiter.begin('ada@example.com', '203.0.113.9')).resolves.toBeUndefined();
    await expect(limiter.begin('bob@example.com', '198.51.100.7')).resolves.toBeUndefined();
  });

  it('says when to come back', async () => {
    const limiter = createLoginLimiter({ perAccount: 1, window: 60 });
    await limiter.begin('ada@example.com', null);
    await expect(limiter.begin('ada@example.com', null)).rejects.toHaveProperty(
      'options.headers.Retry-After',
      '60',
    );
  });

  it('refuses a network that tries many accounts, whichever of its addresses it uses', async () => {
    const limiter = createLoginLimiter({ perNetwork: 5 });
    for (let index = 0; index < 5; index++)
      await limiter.begin(`user${index}@example.com`, `2001:db8:1:ab0${index}::1`);
    await expect(limiter.begin('next@example.com', '2001:db8:1:abff::9')).rejects.toEqual(refusal);
  });

  it('forgives an account after a success, and the network that one attempt only', async () => {
    const limiter = createLoginLimiter({ perAccount: 2, perNetwork: 3 });
    await fail(limiter, 2, 'ada@example.com', '198.51.100.7');
    await limiter.succeeded('ada@example.com', '198.51.100.7');
    await fail(limiter, 2, 'ada@example.com', '198.51.100.7');
    await expect(limiter.begin('bob@example.com', '198.51.100.7')).rejects.toEqual(refusal);
  });
});
