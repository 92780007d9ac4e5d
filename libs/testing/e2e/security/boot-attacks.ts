import { expect } from '@jest/globals';
import { repositoryRoot } from '@pipedesk/local';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Attack } from './attack.ts';

/** A service that is started with these variables and nothing else, until it ends by itself. */
function boot(
  service: string,
  env: Record<string, string>,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [join(repositoryRoot, 'apps', service, 'src/main.ts')], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    timeout: 50_000,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

const tenant = '019b0000-0000-7000-8000-000000000000';
/** Anywhere: nothing is reached before the environment is refused. */
const enough = {
  PORT: '0',
  AUTH_JWKS_URL: 'http://127.0.0.1:9/keys',
  AUTH_ISSUER: 'x',
  AUTH_AUDIENCE: 'x',
  SERVICE_SECRET: 'x'.repeat(32),
  AUTH_KEY_SECRET: Buffer.alloc(32, 1).toString('base64'),
  MONGODB_URI: 'mongodb://127.0.0.1:9',
  MONGODB_DATABASE: 'x',
  AMQP_URL: 'amqp://127.0.0.1:9',
  ...Object.fromEntries(
    ['AUTH', 'CRM', 'CALENDAR_SYNC', 'AUDIT', 'TIMELINE'].map((name) => [
      `${name}_URL`,
      'http://127.0.0.1:9',
    ]),
  ),
};

export const bootAttacks: Attack[] = [
  {
    where: 'boot',
    name: 'a legacy flag or client without a sunset',
    expected: 'exits non-zero, says why',
    run: async () => {
      const flags = [
        ['auth', { LEGACY_STAGES: `${tenant}=observe` }],
        ['api-gateway', { LEGACY_CLIENTS: `erp=${tenant}@10.1.2.3` }],
      ] as const;
      const outcomes = await Promise.all(flags.map(([name, flag]) => boot(name, { ...enough, ...flag })));
      for (const { code, output } of outcomes) {
        expect(code).toBeGreaterThan(0);
        expect(output.trim().split('\n')).toEqual([
          'The environment is not usable:',
          expect.stringMatching(/^ {2}LEGACY_SUNSET: must be given/),
        ]);
      }
    },
  },
  {
    where: 'boot',
    name: 'an empty issuer, an empty audience, no secret of the services',
    expected: 'exits non-zero and names them',
    run: async () => {
      const outcomes = await Promise.all(
        ['crm', 'api-gateway'].map((service) =>
          boot(service, { AUTH_ISSUER: '', AUTH_AUDIENCE: '', SERVICE_SECRET: '' }),
        ),
      );
      for (const { code, output } of outcomes) {
        expect(code).toBeGreaterThan(0);
        for (const variable of ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'SERVICE_SECRET'])
          expect(output).toContain(variable);
      }
    },
  },
];
