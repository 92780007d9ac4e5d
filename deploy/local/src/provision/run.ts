import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { tail } from '../backing/child.ts';

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  /** Everything the command says is appended here, and quoted when it fails. */
  logFile: string;
  /** Each line of the command's output, and of what it writes to file descriptor 3. */
  onLine?: (line: string) => void;
}

/**
 * Runs a command to its end.
 * @throws an error that names the command and quotes the end of its output
 */
export async function run(
  command: string,
  args: string[],
  { env, logFile, onLine }: RunOptions,
): Promise<void> {
  const log = createWriteStream(logFile, { flags: 'a' });
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const [, output, errors, status] = child.stdio;
  for (const stream of [output, errors]) stream?.pipe(log, { end: false });
  for (const stream of [output, status]) {
    if (stream && onLine) createInterface({ input: stream as Readable }).on('line', onLine);
  }
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit, signal) => resolve(exit ?? String(signal)));
  });
  await new Promise((resolve) => log.end(resolve));
  if (code !== 0)
    throw new Error(
      `\`${[command, ...args].join(' ').slice(0, 200)}\` ended with ${code}:\n${tail(logFile)}`,
    );
}
