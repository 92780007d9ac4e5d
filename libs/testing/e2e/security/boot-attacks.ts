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
    timeout: 20_000,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

export const bootAttacks: Attack[] = [
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
