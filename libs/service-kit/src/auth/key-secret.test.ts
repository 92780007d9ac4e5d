import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createKeySecret } from './key-secret.ts';

const buildSecret = () => createKeySecret(randomBytes(32).toString('base64'));

describe('a key secret', () => {
  it('opens what it has sealed, each time sealed differently', () => {
    const secret = buildSecret();
    const sealed = secret.seal('private key', 'kid-1');
    expect(secret.open(sealed, 'kid-1')).toBe('private key');
    expect(secret.seal('private key', 'kid-1')).not.toBe(sealed);
  });

  it('does not open what another secret sealed, nor under another label', () => {
    const secret = buildSecret();
    const sealed = secret.seal('private key', 'kid-1');
    expect(() => buildSecret().open(sealed, 'kid-1')).toThrow();
    expect(() => secret.open(sealed, 'kid-2')).toThrow();
  });

  it('notices a change of any byte', () => {
    const secret = buildSecret();
    const sealed = Buffer.from(secret.seal('key', 'kid-1'), 'base64url');
    for (let index = 0; index < sealed.length; index++) {
      const forged = Buffer.from(sealed);
      forged.writeUInt8(forged.readUInt8(index) ^ 1, index);
      expect(() => secret.open(forged.toString('base64url'), 'kid-1')).toThrow();
    }
  });

  it('has an id that tells secrets apart without telling them', () => {
    const base64 = randomBytes(32).toString('base64');
    expect(createKeySecret(base64).id).toBe(createKeySecret(base64).id);
    expect(createKeySecret(base64).id).not.toBe(buildSecret().id);
    expect(base64).not.toContain(createKeySecret(base64).id);
  });
});
