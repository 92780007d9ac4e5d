import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Client, TestCrm } from './start-crm.ts';

/** What the child is to do, and where it is to die. */
export interface Crash {
  act: 'bulk' | 'convert';
  request: unknown;
  key: string;
  failpoints: string;
}

/** Has a process of its own do something on the service's database in a client's name; it dies on the way, as by kill -9. */
export async function crashIn(crm: TestCrm, { claims }: Client, crash: Crash): Promise<void> {
  const job = JSON.stringify({ ...crash, database: crm.database, claims });
  const child = spawn(process.execPath, [fileURLToPath(new URL('crash-child.ts', import.meta.url))], {
    env: { ...process.env, PIPEDESK_CRASH: job },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  const signal = await new Promise((resolve) => child.once('exit', (_code, by) => resolve(by)));
  if (signal !== 'SIGKILL') throw new Error(`the child was to die by SIGKILL: ${String(signal)} ${errors}`);
}
