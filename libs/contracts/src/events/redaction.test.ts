import { describe, expect, it } from '@jest/globals';
import { holdsRedacted, isSecretName, redactChanges, redactSnapshot } from './redaction.ts';

describe('names of secrets', () => {
  it.each([
    'password',
    'Password',
    'passwordHash',
    'user_password',
    'secret',
    'client-secret',
    'SECRETS',
    'token',
    'refreshToken',
    'id_token',
    'apiKey',
    'API_KEY',
    'privateKey',
    'recoveryCodes',
    'otp',
    'Authorization',
    'cookie',
  ])('include %s', (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  it.each([
    'name',
    'apiKeyId',
    'tokenTtl',
    'secretary',
    'keyAccount',
    'passport',
    'amount',
    'hash',
    'accessLevel',
  ])('do not include %s', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});

describe('redaction', () => {
  it('reaches into objects and lists and keeps what is empty', () => {
    const record = { name: 'A', login: { password: 'x', hosts: [{ token: 'y', url: 'z' }] }, secret: null };
    expect(redactSnapshot(record)).toEqual({
      name: 'A',
      login: { password: '[redacted]', hosts: [{ token: '[redacted]', url: 'z' }] },
      secret: null,
    });
    expect(redactSnapshot(null)).toBeNull();
  });

  it('hides values of changes by any part of their path, and within values', () => {
    expect(
      redactChanges([
        { field: 'login.password', before: 'x', after: 'y' },
        { field: 'tokens.first', before: null, after: 'y' },
        { field: 'login', before: null, after: { password: 'y', url: 'z' } },
      ]),
    ).toEqual([
      { field: 'login.password', before: '[redacted]', after: '[redacted]' },
      { field: 'tokens.first', before: null, after: '[redacted]' },
      { field: 'login', before: null, after: { password: '[redacted]', url: 'z' } },
    ]);
  });

  it('is found again', () => {
    expect([{ a: ['[redacted]'] }, '[redacted]', { a: [1] }, null].map(holdsRedacted)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
