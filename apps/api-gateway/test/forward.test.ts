import { remoteKeys } from '@pipedesk/service-kit';
import { eventually } from '@pipedesk/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { rawRequest, sendRaw } from './raw-http.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { buildPerson } from './tokens.ts';
import { json } from './upstream.ts';

const MiB = 1024 * 1024;
const { token } = buildPerson();
const authorization = `Bearer ${token}`;
let gateway: Gateway;

beforeEach(async () => {
  gateway = await startGateway({ serviceTimeout: 300 });
});
afterEach(() => gateway.stop());

const bodyOf = async (answer: Response) => ({
  status: answer.status,
  body: await answer.json(),
});

/** An upload whose body the test writes by itself. */
function upload(path: string, headers: Record<string, string | number> = {}): ClientRequest {
  return request(gateway.url + path, { method: 'POST', headers: { authorization, ...headers } });
}

async function answerOf(outgoing: ClientRequest): Promise<{ status: number | undefined; text: string }> {
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString();
  return { status: answer.statusCode, text };
}

describe('a service in trouble', () => {
  it('down: 503 at once, naming it, with a time to come back, while the others go on', async () => {
    await gateway.upstreams.crm.stop();
    const answer = await gateway.get('/deals', token);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(await bodyOf(answer)).toMatchObject({
      status: 503,
      body: { code: 'service_unavailable', service: 'crm' },
    });
    expect((await gateway.get('/users', token)).status).toBe(200);
  });

  it('silent: 504 after the limit', async () => {
    gateway.upstreams.crm.answer(() => undefined);
    const answer = await gateway.get('/deals', token);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(await bodyOf(answer)).toMatchObject({ status: 504, body: { code: 'service_timeout' } });
    await eventually(() => {
      expect(gateway.upstreams.crm.sockets.size).toBe(0);
    });
  });

  it('speaking something else: 502', async () => {
    gateway.upstreams.crm.answer((req) => void req.socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    const answer = await gateway.get('/deals', token);
    expect(await bodyOf(answer)).toMatchObject({ status: 502, body: { code: 'bad_gateway' } });
  });

  it('dying in the middle of its answer: the client sees a broken answer, never a short one', async () => {
    gateway.upstreams.crm.answer((req, res) => {
      res.write('half of');
      setTimeout(() => req.socket.destroy(), 20);
    });
    const answer = await gateway.get('/deals', token);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    gateway.upstreams.crm.answer(json({ ok: true }));
    expect((await gateway.get('/deals', token)).status).toBe(200);
  });

  it('falling silent in the middle of its answer: the same', async () => {
    gateway.upstreams.crm.answer((_req, res) => void res.write('half of'));
    const answer = await gateway.get('/deals', token);
    await expect(answer.text()).rejects.toThrow();
  });

  it('dropping an idle connection just as it is used: a read is repeated, a write is not', async () => {
    const { crm } = gateway.upstreams;
    const warmUp = async () => {
      crm.answer(json({}));
      await (await gateway.get('/deals', token)).arrayBuffer();
      let dropped = false;
      crm.answer((req, res) => {
        if (dropped) return json({ attempt: 2 })(req, res);
        dropped = true;
        req.socket.destroy();
      });
    };
    await warmUp();
    expect(await bodyOf(await gateway.get('/deals', token))).toEqual({ status: 200, body: { attempt: 2 } });
    await warmUp();
    const before = crm.requests.length;
    const outgoing = upload('/deals', { 'content-length': 2 });
    outgoing.end('{}');
    expect((await answerOf(outgoing)).status).toBe(503);
    expect(crm.requests).toHaveLength(before + 1);
  });

  it('dropping every connection: a read is repeated once and no more', async () => {
    const { crm } = gateway.upstreams;
    await (await gateway.get('/deals', token)).arrayBuffer();
    crm.answer((req) => void req.socket.destroy());
    expect((await gateway.get('/deals', token)).status).toBe(503);
    expect(crm.requests.length).toBeLessThanOrEqual(3);
  });

  it('closing idle connections between two requests: the next, a write as well, takes a new one', async () => {
    const { crm } = gateway.upstreams;
    for (let round = 0; round < 3; round++) {
      await (await gateway.get('/deals', token)).arrayBuffer();
      crm.server.closeIdleConnections();
      const outgoing = upload('/deals', { 'content-length': 2 });
      outgoing.end('{}');
      expect((await answerOf(outgoing)).status).toBe(200);
    }
    expect(crm.requests).toHaveLength(6);
  });

  it('announcing something else first (103): the answer is what comes last', async () => {
    gateway.upstreams.crm.answer((req, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload' });
      json({ ok: true })(req, res);
    });
    expect(await bodyOf(await gateway.get('/deals', token))).toEqual({ status: 200, body: { ok: true } });
  });

  it('with more headers than anybody sends: 502', async () => {
    gateway.upstreams.crm.answer((req, res) => {
      res.setHeader('x-fill', 'a'.repeat(20_000));
      json({})(req, res);
    });
    expect((await gateway.get('/deals', token)).status).toBe(502);
  });

  it('answering 304, or HEAD with a length: the length and no body, and the connection goes on', async () => {
    gateway.upstreams.crm.answer((req, res) => {
      res.writeHead(req.headers['if-none-match'] === undefined ? 200 : 304, {
        etag: '"1"',
        'content-length': 12,
      });
      res.end();
    });
    const head = await fetch(`${gateway.url}/deals`, { method: 'HEAD', headers: { authorization } });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '12']);
    const unchanged = await fetch(`${gateway.url}/deals`, {
      headers: { authorization, 'if-none-match': '"1"' },
    });
    expect([unchanged.status, unchanged.headers.get('etag'), await unchanged.text()]).toEqual([
      304,
      '"1"',
      '',
    ]);
    gateway.upstreams.crm.answer(json({ ok: true }));
    expect((await gateway.get('/deals', token)).status).toBe(200);
  });

  it('auth down before any key was fetched: 503, not 401', async () => {
    const cold = await startGateway({ keys: remoteKeys({ url: 'http://127.0.0.1:9/jwks.json' }) });
    const answer = await cold.get('/deals', token);
    await cold.stop();
    expect(await bodyOf(answer)).toMatchObject({ status: 503, body: { code: 'signing_keys_unavailable' } });
    expect(answer.headers.get('retry-after')).not.toBeNull();
  });
});

describe('a client', () => {
  it('that goes away cancels its request at the service', async () => {
    const { crm } = gateway.upstreams;
    const canceled = new Promise<void>((resolve) => {
      crm.answer((_req, res) => void res.once('close', resolve));
    });
    const outgoing = request(`${gateway.url}/deals`, { headers: { authorization } });
    outgoing.on('error', () => undefined);
    outgoing.end();
    await eventually(() => {
      expect(crm.requests).toHaveLength(1);
    });
    outgoing.destroy();
    await canceled;
  });

  it('that stops sending its body gets 408', async () => {
    const outgoing = upload('/deals', { 'content-length': 10 });
    outgoing.write('half');
    expect(await answerOf(outgoing)).toMatchObject({ status: 408 });
    outgoing.destroy();
  });
});

describe('bodies', () => {
  it('too large by their own word are refused unread', async () => {
    const bytes = rawRequest('POST /deals HTTP/1.1', [
      `Authorization: ${authorization}`,
      `Content-Length: ${MiB + 1}`,
    ]);
    expect(await sendRaw(gateway.port, bytes)).toMatchObject({ status: 413 });
    expect(gateway.upstreams.crm.requests).toHaveLength(0);
  });

  it('too large without saying so are cut off', async () => {
    gateway.upstreams.crm.answer((req) => void req.resume());
    const outgoing = upload('/deals', { 'transfer-encoding': 'chunked' });
    outgoing.on('error', () => undefined);
    for (let sent = 0; sent < 3; sent++) outgoing.write(Buffer.alloc(MiB / 2));
    const { status, text } = await answerOf(outgoing);
    expect({ status, ...(JSON.parse(text) as object) }).toMatchObject({
      status: 413,
      code: 'body_too_large',
    });
    expect(gateway.upstreams.crm.requests[0]?.complete).toBe(false);
    outgoing.destroy();
  });

  it('of imports may have 50 MiB and no more', async () => {
    // So much takes a busy machine longer than the other tests let pass in silence.
    const patient = await startGateway();
    const limit = 50 * MiB;
    patient.upstreams.crm.answer((req, res) => {
      let size = 0;
      req.on('data', (chunk: Buffer) => (size += chunk.length));
      req.on('end', () => {
        json({ size })(req, res);
      });
    });
    const headers = { authorization, 'content-length': limit };
    const outgoing = request(`${patient.url}/imports?type=deals`, { method: 'POST', headers });
    for (let sent = 0; sent < 50; sent++)
      if (!outgoing.write(Buffer.alloc(MiB))) await once(outgoing, 'drain');
    outgoing.end();
    const answer = await answerOf(outgoing);
    await patient.stop();
    expect(answer).toEqual({ status: 200, text: `{"size":${limit}}` });
    const bytes = [
      'POST /imports HTTP/1.1',
      `Authorization: ${authorization}`,
      `Content-Length: ${limit + 1}`,
    ];
    expect(await sendRaw(gateway.port, rawRequest(bytes[0] ?? '', bytes.slice(1)))).toMatchObject({
      status: 413,
    });
  });

  it('are never gathered in the gateway: a service that stops reading stops the client', async () => {
    // The limit on silence of the other tests would end this: the service is silent on purpose.
    const patient = await startGateway();
    let goOn: (() => void) | undefined;
    patient.upstreams.crm.answer((req, res) => {
      goOn = () => req.resume();
      req.on('end', () => {
        json({})(req, res);
      });
    });
    const size = 45 * MiB;
    const chunk = Buffer.alloc(64 * 1024);
    const before = process.memoryUsage().arrayBuffers;
    const headers = { authorization, 'content-length': size };
    const outgoing = request(`${patient.url}/imports`, { method: 'POST', headers });
    let sent = 0;
    const sending = (async () => {
      for (; sent < size; sent += chunk.length) if (!outgoing.write(chunk)) await once(outgoing, 'drain');
      outgoing.end();
    })();
    const settled = await untilSteady(() => sent);
    const held = process.memoryUsage().arrayBuffers - before;
    goOn?.();
    await sending;
    const { status } = await answerOf(outgoing);
    await patient.stop();
    expect(settled).toBeLessThan(size);
    // Two sockets' worth of chunks on the way through, the sending test's included.
    expect(held).toBeLessThan(8 * MiB);
    expect(status).toBe(200);
  });

  it('of answers neither: a client that stops reading stops the service', async () => {
    const patient = await startGateway();
    let written = 0;
    const size = 45 * MiB;
    patient.upstreams.crm.answer((_req, res) => {
      res.writeHead(200, { 'content-length': size });
      const fill = () => {
        while (written < size) {
          written += MiB / 16;
          if (!res.write(Buffer.alloc(MiB / 16))) return void res.once('drain', fill);
        }
        res.end();
      };
      fill();
    });
    const outgoing = request(`${patient.url}/exports/deals`, { headers: { authorization } });
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const settled = await untilSteady(() => written);
    let received = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) received += chunk.length;
    await patient.stop();
    expect(settled).toBeLessThan(size);
    expect(received).toBe(size);
  });

  it('of answers are streamed as they come', async () => {
    let finish: (() => void) | undefined;
    gateway.upstreams.crm.answer((_req, res) => {
      res.write('first');
      finish = () => res.end('last');
    });
    const answer = await gateway.get('/exports', token);
    const reader = answer.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first');
    finish?.();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('last');
  });

  it('answered before they were read to the end are answered all the same', async () => {
    gateway.upstreams.crm.answer(json({ code: 'unsupported' }, 415));
    for (const size of [1000, 20 * MiB]) {
      const outgoing = upload('/imports', { 'content-length': size });
      outgoing.on('error', () => undefined);
      outgoing.write(Buffer.alloc(size - 1));
      expect((await answerOf(outgoing)).status).toBe(415);
      outgoing.destroy();
    }
  });
});

it('is not brought down by bytes of any kind', async () => {
  const noise = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  for (const byte of noise) {
    const lines = [
      rawRequest(`GET /deals?q=${byte} HTTP/1.1`, [`Authorization: ${authorization}`]),
      rawRequest('GET /deals HTTP/1.1', [`Authorization: ${authorization}`, `X-Noise: ${byte}`]),
      rawRequest('GET /deals HTTP/1.1', [`Authorization: ${authorization}`, `X-${byte}: 1`]),
      rawRequest(`GET /deals${byte}x HTTP/1.1`, [`Authorization: ${authorization}`]),
    ];
    for (const bytes of lines) {
      const { status } = await sendRaw(gateway.port, bytes);
      expect([200, 400, 404]).toContain(status);
    }
  }
  expect((await gateway.get('/deals', token)).status).toBe(200);
});

/** The value once it has not moved for 300 ms. */
async function untilSteady(read: () => number): Promise<number> {
  for (let last = -1; ;) {
    await sleep(300);
    if (read() === last) return last;
    last = read();
  }
}
