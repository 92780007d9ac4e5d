import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { rawRequest } from './raw-http.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { buildPerson } from './tokens.ts';

let gateway: Gateway;
const { token } = buildPerson();
const authorization = `Authorization: Bearer ${token}`;

beforeAll(async () => {
  gateway = await startGateway({ slowness: { headersTimeout: 300, requestTimeout: 600 } });
});
afterAll(() => gateway.stop());

/** Sends the bytes, then one more every 20 ms, until the other side has had enough. */
async function drip(bytes: string, drop: string): Promise<string> {
  const socket: Socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.write(bytes);
  const dripping = setInterval(() => socket.write(drop), 20);
  await once(socket, 'close');
  clearInterval(dripping);
  return text;
}

function expectTimeout(answer: string): void {
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toContain('application/problem+json');
  expect(answer).toContain('request_timeout');
}

describe('a client that sends for ever gets 408 and its connection is closed:', () => {
  it('headers, one after another', async () => {
    expectTimeout(await drip('GET /deals HTTP/1.1\r\nHost: gateway\r\n', 'X-A: 1\r\n'));
  });

  it('a header that never ends', async () => {
    expectTimeout(await drip('GET /deals HTTP/1.1\r\nHost: gateway\r\nX-A: ', 'a'));
  });

  it('a request line that never ends', async () => {
    expectTimeout(await drip('GET /', 'a'));
  });

  it('a body of a known length, byte by byte', async () => {
    const head = rawRequest('POST /deals HTTP/1.1', [authorization, 'Content-Length: 100000']);
    expectTimeout(await drip(head, 'a'));
  });

  it('a body in chunks of one byte', async () => {
    const head = rawRequest('POST /deals HTTP/1.1', [authorization, 'Transfer-Encoding: chunked']);
    expectTimeout(await drip(head, '1\r\na\r\n'));
  });

  it('a body for a route without a token', async () => {
    expectTimeout(await drip(rawRequest('POST /auth/login HTTP/1.1', ['Content-Length: 100000']), 'a'));
  });
});

it('does not keep others waiting while two hundred of them hang on', async () => {
  const sockets = Array.from({ length: 200 }, () => connect(gateway.port, '127.0.0.1'));
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    socket.write('GET /deals HTTP/1.1\r\nHost: gateway\r\n');
  }
  expect((await gateway.get('/deals', token)).status).toBe(200);
  const open = sockets.filter((socket) => !socket.closed);
  await Promise.all(open.map((socket) => once(socket.resume(), 'close')));
});
