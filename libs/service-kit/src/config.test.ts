import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { amqpEnv, ConfigError, httpEnv, loadConfig, mongoEnv } from './config.ts';

const schema = z.object({ ...httpEnv, ...mongoEnv, ...amqpEnv });
const good = {
  PORT: '8082',
  MONGODB_URI: 'mongodb://127.0.0.1',
  MONGODB_DATABASE: 'crm',
  AMQP_URL: 'amqp://127.0.0.1',
};

function problemsOf(env: NodeJS.ProcessEnv): string {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
  }
  throw new Error('expected a ConfigError');
}

describe('loadConfig', () => {
  it('reads what is there and fills in what may be left out', () => {
    expect(loadConfig(schema, { ...good, UNRELATED: 'x' })).toEqual({
      ...good,
      PORT: 8082,
      NODE_ENV: 'development',
      LOG_LEVEL: 'info',
      HOST: '127.0.0.1',
      TRUSTED_PROXIES: 'loopback',
    });
  });

  it('lists every problem at once', () => {
    const message = problemsOf({
      PORT: '99999',
      LOG_LEVEL: 'loud',
      MONGODB_URI: 'postgres://x',
      AMQP_URL: 'amqp://x',
    });
    for (const name of ['PORT', 'LOG_LEVEL', 'MONGODB_URI', 'MONGODB_DATABASE'])
      expect(message).toContain(`  ${name}: `);
    expect(message).not.toContain('AMQP_URL');
    expect(message).toContain('must start with mongodb://');
  });

  it('takes an empty variable for one that is not given', () => {
    expect(loadConfig(schema, { ...good, LOG_LEVEL: '' }).LOG_LEVEL).toBe('info');
    expect(problemsOf({ ...good, AMQP_URL: '' })).toContain('AMQP_URL');
  });

  it('repeats no secret in its message', () => {
    expect(problemsOf({ ...good, MONGODB_URI: 'hunter2', PORT: 'hunter3' })).not.toMatch(/hunter/);
  });
});
