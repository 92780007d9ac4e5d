import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repositoryRoot } from '../backing/cache.ts';
import { follow, readableLine } from './log-lines.ts';
import { serviceEnvironment, serviceNames, servicePorts } from './service-environment.ts';
import { nextPause } from './supervise.ts';

describe("a service's log", () => {
  const entry = (fields: object) =>
    JSON.stringify({ level: 'warn', time: '2026-01-02T03:04:05.678Z', msg: 'slow', ...fields });

  it('is shown from warn upwards, in one readable line', () => {
    expect(readableLine('crm', entry({ service: 'crm', ms: 12, err: { message: 'late' } }))).toBe(
      '03:04:05 crm warn slow (late) ms=12',
    );
    expect(readableLine('crm', entry({ level: 'info' }))).toBeUndefined();
    expect(readableLine('crm', '')).toBeUndefined();
  });

  it('shows what is not a log entry as it is', () => {
    expect(readableLine('crm', 'Error: boom')).toBe('crm: Error: boom');
    expect(readableLine('crm', '42')).toBe('crm: 42');
  });

  it('is followed line by line from where it stood, across writes that end mid-line', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pipedesk-log-'));
    const file = join(folder, 'crm.log');
    const lines: string[] = [];
    writeFileSync(file, 'before\n');
    const stop = follow(file, (line) => lines.push(line), 60_000);
    appendFileSync(file, 'one\ntw');
    stop();
    expect(lines).toEqual(['one']);
    rmSync(folder, { recursive: true });
  });
});

describe('restarts', () => {
  it('come slower while crashes follow each other, up to a bound, and fast again after a calm minute', () => {
    expect(nextPause(undefined, 0)).toBe(500);
    expect(nextPause(500, 1_000)).toBe(1_000);
    expect(nextPause(30_000, 31_000)).toBe(30_000);
    expect(nextPause(30_000, 61_000)).toBe(500);
  });
});

describe("a service's environment", () => {
  const options = {
    ports: servicePorts,
    mongodbUri: 'mongodb://127.0.0.1:1/',
    amqpUrl: 'amqp://127.0.0.1:2',
    databasePrefix: 'pipedesk',
  };

  it.each(serviceNames)('is what %s asks for', async (name) => {
    const entry = join(repositoryRoot, 'apps', name, 'src/config.ts');
    const { configSchema } = (await import(entry)) as {
      configSchema: { safeParse(env: object): { error?: unknown } };
    };
    expect(configSchema.safeParse(serviceEnvironment(name, options)).error).toBeUndefined();
  });

  it('gives each service a database of its own', () => {
    expect(serviceEnvironment('calendar-sync', options)).toMatchObject({
      PORT: '8083',
      MONGODB_DATABASE: 'pipedesk_calendar_sync',
    });
  });

  it('gives the gateway the addresses of the others, and no database', () => {
    const environment = serviceEnvironment('api-gateway', options);
    expect(environment['CALENDAR_SYNC_URL']).toBe('http://127.0.0.1:8083');
    expect(environment).not.toHaveProperty('MONGODB_URI');
  });
});
