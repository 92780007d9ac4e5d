import { runtimeEnvironment } from '@pipedesk/local';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface AuditClient {
  database: string;
  /** ms until the whole answer was there. @throws Error for any answer but 200 */
  time(tenantId: string, path: string): Promise<{ took: number; body: unknown }>;
  /** Reads a body without keeping it; memory is the most the service took meanwhile. */
  drain(tenantId: string, path: string): Promise<{ seconds: number; lines: number; memory: Memory }>;
  /** What the service takes at this moment. */
  memory(): Promise<Memory>;
  close(): void;
}

/** Bytes. */
export interface Memory {
  resident: number;
  /** Resident for this process alone. */
  own: number;
}

const newLine = 10;

/**
 * Starts the service in a process of its own and talks to it over HTTP, as an admin of any tenant.
 * @param of the database of another such service; its own unless given
 */
export async function startClient(secret: string, of?: AuditClient): Promise<AuditClient> {
  const environment = { BENCH_SECRET: secret, ...(of && { BENCH_DATABASE: of.database }) };
  const child = fork(join(import.meta.dirname, 'serve.ts'), {
    env: { ...process.env, ...runtimeEnvironment, ...environment },
    execArgv: ['--no-warnings'],
  });
  // A service that dies answers nothing.
  child.once('exit', (code) => child.emit('error', new Error(`the service ended with ${code}`)));
  const [{ url, database }] = (await once(child, 'message')) as [{ url: string; database: string }];
  const ask = async (tenantId: string) => {
    child.send(tenantId);
    const [answer] = (await once(child, 'message')) as [Memory & { token: string }];
    return answer;
  };

  const open = async (tenantId: string, path: string) => {
    const { token } = await ask(tenantId);
    const began = performance.now();
    const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return { response, took: () => performance.now() - began };
  };

  return {
    database,
    async time(tenantId, path) {
      const { response, took } = await open(tenantId, path);
      const body: unknown = await response.json();
      return { took: took(), body };
    },
    async drain(tenantId, path) {
      const { response, took } = await open(tenantId, path);
      let [lines, chunks] = [0, 0];
      let memory = await ask(tenantId);
      for await (const chunk of response.body ?? []) {
        lines += linesIn(chunk as Uint8Array);
        if (chunks++ % 200 === 0) memory = larger(memory, await ask(tenantId));
      }
      return { seconds: took() / 1000, lines, memory };
    },
    memory: () => ask(''),
    close: () => {
      child.removeAllListeners('exit').kill();
    },
  };
}

export function larger<T extends Memory>(one: T, other: T): T {
  return other.resident > one.resident ? other : one;
}

/** By the search of the engine: a loop over the bytes took as much of the machine as the service that is measured. */
function linesIn(chunk: Uint8Array): number {
  let lines = 0;
  for (let at = chunk.indexOf(newLine); at >= 0; at = chunk.indexOf(newLine, at + 1)) lines++;
  return lines;
}
