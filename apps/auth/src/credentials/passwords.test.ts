import { describe, expect, it, jest } from '@jest/globals';
import { createPasswords } from './passwords.ts';
import type { WorkQueue } from './work-queue.ts';

const queue = jest.fn((task: () => Promise<unknown>) => task()) as unknown as WorkQueue;
const passwords = createPasswords(queue);

describe('passwords', () => {
  it('are hashed with argon2id at the chosen cost, each with a salt of its own', async () => {
    const [first, second] = await Promise.all([
      passwords.hash('secret words'),
      passwords.hash('secret words'),
    ]);
    expect(first).toMatch(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/);
    expect(first).not.toBe(second);
  });

  it('are right only when they are the same', async () => {
    const hash = await passwords.hash('secret words');
    await expect(passwords.isRight(hash, 'secret words')).resolves.toBe(true);
    await expect(passwords.isRight(hash, 'Secret words')).resolves.toBe(false);
    await expect(passwords.isRight(hash, '')).resolves.toBe(false);
  });

  it('are right however their accents are composed', async () => {
    const hash = await passwords.hash('caf\u00e9 au lait');
    await expect(passwords.isRight(hash, 'cafe\u0301 au lait')).resolves.toBe(true);
  });

  it('cost one check for an unknown user too, and are never right', async () => {
    await passwords.isRight(null, 'warm up');
    jest.mocked(queue).mockClear();
    await expect(passwords.isRight(null, 'anything')).resolves.toBe(false);
    expect(queue).toHaveBeenCalledTimes(1);
  });
});
