import { afterEach, describe, expect, it } from '@jest/globals';
import { serve, type TestService } from '../../test/serve.ts';
import type { HealthCheck } from './health.ts';

let service: TestService | undefined;
afterEach(() => service?.http.close());

async function ready(checks: Record<string, HealthCheck>, isShuttingDown = false) {
  service = await serve([], { checks, isShuttingDown: () => isShuttingDown });
  return service.send('GET', '/health/ready');
}

const fine = () => Promise.resolve();

describe('readiness', () => {
  it('is 200 when every check answers', async () => {
    const { status, body } = await ready({ database: fine, broker: fine });
    expect([status, body]).toEqual([200, { status: 'ok', checks: { database: 'ok', broker: 'ok' } }]);
  });

  it.each<[string, HealthCheck, string]>([
    ['rejects', () => Promise.reject(new Error('no route')), 'no route'],
    [
      'throws at once',
      () => {
        throw new Error('not connected');
      },
      'not connected',
    ],
    ['hangs', () => new Promise(() => undefined), 'no answer within 2000 ms'],
  ])('is 503 when a check %s, and says which', async (_, check, reason) => {
    const { status, body } = await ready({ database: check, broker: fine });
    expect([status, body]).toEqual([
      503,
      { status: 'unavailable', checks: { database: reason, broker: 'ok' } },
    ]);
  });

  it('is 503 while the service shuts down, however well it is', async () => {
    const { status, body } = await ready({ database: fine }, true);
    expect([status, body]).toMatchObject([503, { status: 'shutting down' }]);
  });
});

describe('liveness', () => {
  it('asks no dependency', async () => {
    service = await serve([], { checks: { database: () => Promise.reject(new Error('down')) } });
    expect(await service.send('GET', '/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });
});

describe('metrics', () => {
  it('count requests by the pattern of their route, never by their path', async () => {
    service = await serve([]);
    await service.send('GET', '/nothing/17');
    const { text } = await service.send('GET', '/metrics');
    const series = text
      .split('\n')
      .find((line) => line.startsWith('pipedesk_http_request_duration_seconds_count'));
    for (const part of ['route="unmatched"', 'method="GET"', 'status="404"', '} 1'])
      expect(series).toContain(part);
    expect(text).not.toContain('nothing');
  });
});
