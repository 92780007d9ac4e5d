import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMetrics } from '../ops/metrics.ts';
import { notFound } from './problem.ts';
import { createServiceClient, type OnBehalfOf } from './service-client.ts';

const somebody: OnBehalfOf = {
  authorization: 'Bearer token',
  requestId: 'request-1',
  traceparent: '00-trace',
};
const refusal = { code: 'permission_denied', permission: 'users:directory', rule: 'users:directory/none' };
const answers: Record<string, [status: number, body: string]> = {
  '/there': [200, '{"name":"Ann"}'],
  '/nonsense': [200, 'no JSON'],
  '/forbidden': [
    403,
    JSON.stringify({
      type: 'x',
      title: 'Forbidden',
      status: 403,
      detail: 'No.',
      rulesVersion: '1',
      ...refusal,
    }),
  ],
  '/expired': [401, ''],
  '/broken': [500, ''],
};

let server: Server;
let url: string;
let seen: IncomingHttpHeaders = {};
beforeAll(async () => {
  server = createServer((req, res) => {
    seen = req.headers;
    const [status, body] = answers[req.url ?? ''] ?? [404, ''];
    res.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const clientOf = (at: string) =>
  createServiceClient({
    name: 'directory',
    url: at,
    metrics: createMetrics('test'),
    read: (body) => (JSON.parse(body) as { name: string }).name,
    notThere: () => notFound('user_not_found'),
    outage: { code: 'directory_unavailable', detail: 'Try again shortly.' },
  });

describe('a service that is asked in the name of a caller', () => {
  it('hears whose request it is, and its answer is read', async () => {
    expect(await clientOf(url)(somebody, '/there')).toBe('Ann');
    expect(seen).toMatchObject({
      authorization: 'Bearer token',
      'x-request-id': 'request-1',
      traceparent: '00-trace',
    });
  });

  it.each<[string, object]>([
    ['/nobody', { status: 404, code: 'user_not_found' }],
    [
      '/forbidden',
      { status: 403, code: 'permission_denied', options: { extra: { permission: 'users:directory' } } },
    ],
    ['/expired', { status: 401, code: 'token_invalid' }],
    ['/broken', { status: 503, code: 'directory_unavailable' }],
    ['/nonsense', { status: 503, code: 'directory_unavailable' }],
  ])('answers %s with a problem that says whose it is', async (path, problem) => {
    await expect(clientOf(url)(somebody, path)).rejects.toMatchObject(problem);
  });

  it('is an outage when it is not there', async () => {
    const asking = clientOf('http://127.0.0.1:1')(somebody, '/there');
    await expect(asking).rejects.toMatchObject({ status: 503, code: 'directory_unavailable' });
  });
});
