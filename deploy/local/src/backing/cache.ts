import { homedir } from 'node:os';
import { join } from 'node:path';

/** The one folder outside the project that local tooling writes to: `$XDG_CACHE_HOME/pipedesk` or `~/.cache/pipedesk`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pipedesk');
}

/** Where one named instance of the backing services keeps its data, logs and process records. */
export function instanceFolder(instance: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,60}$/.test(instance)) {
    throw new Error(`"${instance}" cannot name an instance: use lower-case letters, digits and dashes.`);
  }
  return join(cacheFolder(), 'instances', instance);
}

/** The repository's root, wherever it was cloned. */
export const repositoryRoot = join(import.meta.dirname, '..', '..', '..', '..');
