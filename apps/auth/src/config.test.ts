import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@pipedesk/service-kit';
import { configSchema } from './config.ts';

const buildEnv = (overrides: Record<string, string> = {}) => ({
  PORT: '8081',
  MONGODB_URI: 'mongodb://db',
  MONGODB_DATABASE: 'auth',
  AMQP_URL: 'amqp://broker',
  AUTH_ISSUER: 'us',
  AUTH_AUDIENCE: 'our services',
  SERVICE_SECRET: 'what services prove themselves with',
  ...overrides,
});

describe('the configuration', () => {
  it('has a key secret of its own for development', () => {
    const config = loadConfig(configSchema, buildEnv());
    expect(Buffer.from(config.AUTH_KEY_SECRET, 'base64')).toHaveLength(32);
    expect(config.AUTH_TOKEN_TTL).toBe(600);
  });

  it('wants a key secret in production, and not that of development', () => {
    const { AUTH_KEY_SECRET } = loadConfig(configSchema, buildEnv());
    for (const secret of ['', AUTH_KEY_SECRET])
      expect(() =>
        loadConfig(configSchema, buildEnv({ NODE_ENV: 'production', AUTH_KEY_SECRET: secret })),
      ).toThrow('AUTH_KEY_SECRET: must be given in production');
  });

  it('takes sign-in with Google whole or not at all, and in production only the genuine one', () => {
    const google = {
      GOOGLE_CLIENT_ID: 'pipedesk',
      GOOGLE_CLIENT_SECRET: 'secret',
      GOOGLE_REDIRECT_URI: 'https://crm.example.com/auth/google/callback',
    };
    const production = { NODE_ENV: 'production', AUTH_KEY_SECRET: Buffer.alloc(32, 7).toString('base64') };
    const load = (overrides: Record<string, string>) => () =>
      loadConfig(configSchema, buildEnv({ ...google, ...overrides }));
    expect(load(production)).not.toThrow();
    expect(load({ GOOGLE_CLIENT_SECRET: '' })).toThrow('GOOGLE_CLIENT_ID: needs GOOGLE_CLIENT_SECRET');
    const emulator = { GOOGLE_EMULATOR_URL: 'http://127.0.0.1:8090' };
    expect(load(emulator)).not.toThrow();
    expect(load({ ...production, ...emulator })).toThrow('GOOGLE_EMULATOR_URL');
    const plain = { GOOGLE_REDIRECT_URI: 'http://crm.example.com/auth/google/callback' };
    expect(load({ ...production, ...plain })).toThrow(
      'GOOGLE_REDIRECT_URI: and GOOGLE_RETURN_URL must be https',
    );
    const page = { GOOGLE_RETURN_URL: 'http://app.example.com/' };
    expect(load(page)).not.toThrow();
    expect(load({ ...production, ...page })).toThrow('GOOGLE_RETURN_URL must be https');
    expect(load({ GOOGLE_RETURN_URL: 'https://app.example.com/#a' })).toThrow('must not have a fragment');
  });

  it.each([
    ['AUTH_KEY_SECRET', 'too short'],
    ['AUTH_KEY_SECRET', Buffer.alloc(31).toString('base64')],
    ['AUTH_TOKEN_TTL', '0'],
    ['AUTH_ISSUER', ''],
    ['AUTH_AUDIENCE', ''],
  ])('refuses %s=%s by name', (variable, value) => {
    expect(() => loadConfig(configSchema, buildEnv({ [variable]: value }))).toThrow(variable);
  });
});
