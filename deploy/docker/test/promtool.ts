import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathOf } from '../src/repository.ts';

/** Where promtool may be: on the PATH, or in the private root that `npm start` and `npm test` keep in the user's cache. */
function candidates(): string[] {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'pipedesk');
  try {
    const roots = readdirSync(cache).filter((name) => /^root-\w+$/.test(name));
    return ['promtool', ...roots.map((name) => join(cache, name, 'usr/bin/promtool'))];
  } catch {
    return ['promtool'];
  }
}

/** A promtool that runs on this machine, if there is one. */
export const promtool = candidates().find((path) => spawnSync(path, ['--version']).status === 0);

/** @returns what promtool printed @throws with it when it finds a fault */
export function runPromtool(...args: string[]): string {
  return execFileSync(promtool ?? 'promtool', args, {
    cwd: pathOf('deploy/prometheus'),
    encoding: 'utf8',
    stdio: 'pipe',
  });
}
