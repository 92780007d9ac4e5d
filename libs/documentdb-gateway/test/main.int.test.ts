import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { testPostgres } from './postgres-address.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;

describe('the gateway as a process', () => {
  const start = (environment: Record<string, string>) =>
    spawn(process.execPath, [MAIN], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  it('says where it listens, serves, and ends on SIGTERM', async () => {
    const { host, port, user, database } = testPostgres();
    const gateway = start({
      DOCUMENTDB_GATEWAY_PORT: '0',
      DOCUMENTDB_GATEWAY_POOL: '2',
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database,
    });
    const [line] = (await once(createInterface(gateway.stdout), 'line')) as [string];
    const listening = JSON.parse(line) as { msg: string; port: number };
    expect(listening.msg).toBe('listening');
    const client = await new MongoClient(
      `mongodb://127.0.0.1:${listening.port}/?directConnection=true`,
    ).connect();
    expect(await client.db('admin').command({ ping: 1 })).toEqual({ ok: 1 });
    gateway.kill('SIGTERM');
    expect(await once(gateway, 'exit')).toEqual([0, null]);
    await client.close();
  });

  it('names every wrong setting and does not start', async () => {
    const gateway = start({ DOCUMENTDB_GATEWAY_PORT: 'x', DOCUMENTDB_GATEWAY_POOL: '0' });
    let output = '';
    gateway.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(gateway, 'exit')) as [number];
    expect(code).toBe(1);
    expect(output).toContain('DOCUMENTDB_GATEWAY_PORT');
    expect(output).toContain('DOCUMENTDB_GATEWAY_POOL');
  });
});
