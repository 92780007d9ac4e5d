import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOutbound } from './outbound.ts';

let server: Server;
let sockets: number;
let answer: RequestListener;
let host: string;

beforeEach(async () => {
  sockets = 0;
  server = createServer((req, res) => answer(req, res));
  server.on('connection', () => sockets++);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('a request to where a user says', () => {
  it.each([
    ['another scheme', 'gopher://example.com/_x', /https/],
    ['another scheme', 'file:///etc/passwd', /host/],
    ['no TLS', 'http://example.com/', /https/],
    ['loopback', 'https://127.0.0.1/', /private/],
    ['the metadata of a cloud', 'https://169.254.169.254/latest/meta-data', /private/],
    ['a mapped address', 'https://[::ffff:127.0.0.1]/', /usual form|private/],
    ['a mapped address in hex', 'https://[::ffff:7f00:1]/', /private/],
    ['a short form', 'https://127.1/', /usual form/],
    ['one number', 'https://2130706433/', /usual form/],
    ['hex', 'https://0x7f.1/', /usual form/],
    ['octal', 'https://0177.0.0.1/', /usual form/],
    ['full-width digits', 'https://１２７.０.０.１/', /usual form/],
    ['an ideographic full stop', 'https://127。0。0。1/', /usual form/],
    ['an odd form of a public address', 'https://134744072/', /usual form/],
    ['a password', 'https://user:secret@example.com/', /password/],
    ['a backslash for a host', 'https://example.com\\@127.0.0.1/', /usual form|password/],
    ['no URL', 'example.com', /URL/],
  ])('is refused before it is made, for %s: %s', async (_what, url, reason) => {
    let lookups = 0;
    const outbound = createOutbound({ lookup: () => void lookups++ });
    expect(() => outbound.check(url)).toThrow(reason);
    await expect(outbound.send(url, {})).rejects.toThrow(reason);
    expect({ lookups, sockets }).toEqual({ lookups: 0, sockets: 0 });
  });

  it('opens no socket to a name that stands for a private address, among others or alone', async () => {
    const { port } = new URL(`http://${host}`);
    const addresses = [
      { address: '93.184.216.34', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    for (const found of [addresses, addresses.slice(1)]) {
      const outbound = createOutbound({
        lookup: (_name, _options, callback) => {
          callback(null, found);
        },
      });
      await expect(outbound.send(`https://rebound.example:${port}/`, {})).rejects.toThrow('private address');
    }
    await expect(createOutbound().send(`https://localhost:${port}/`, {})).rejects.toThrow('private address');
    expect(sockets).toBe(0);
  });

  it('judges the look-up that the connection is made with: a name that changes its mind is refused', async () => {
    const { port } = new URL(`http://${host}`);
    let asked = 0;
    const outbound = createOutbound({
      lookup: (_name, _options, callback) => {
        asked++;
        callback(null, [{ address: asked === 1 ? '192.0.2.1' : '127.0.0.1', family: 4 }]);
      },
    });
    const url = `https://rebound.example:${port}/`;
    outbound.check(url);
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(outbound.send(url, {})).rejects.toThrow('private address');
    expect({ asked, sockets }).toEqual({ asked: 2, sockets: 0 });
  });

  it('does not follow redirects', async () => {
    answer = (_req, res) => {
      res.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    };
    const { status } = await createOutbound({ allowedHosts: [host] }).send(`http://${host}/`, {});
    expect({ status, sockets }).toEqual({ status: 302, sockets: 1 });
  });

  it('reads so much of an answer and waits so long for it, not more', async () => {
    answer = (_req, res) => {
      const pour = () => {
        while (res.write('x'.repeat(1_024)));
        res.once('drain', pour);
      };
      pour();
    };
    const { text } = await createOutbound({ allowedHosts: [host], mostBytes: 2_000 }).send(
      `http://${host}/`,
      {},
    );
    expect(text).toHaveLength(2_000);
    answer = (_req, res) => void res.write('x');
    const slow = createOutbound({ allowedHosts: [host], timeout: 100 }).send(`http://${host}/`, {});
    await expect(slow).rejects.toThrow(/aborted/);
  });

  it('goes where the operator allows, with headers and body', async () => {
    let seen = '';
    answer = (req, res) => {
      req.on('data', (chunk: Buffer) => (seen += String(req.headers['x-test']) + chunk.toString()));
      req.on('end', () => res.end('fine'));
    };
    const sent = { headers: { 'x-test': 'a' }, body: 'body' };
    expect(await createOutbound({ allowedHosts: [host] }).send(`http://${host}/`, sent)).toMatchObject({
      status: 200,
      text: 'fine',
    });
    expect(seen).toBe('abody');
    const elsewhere = createOutbound({ allowedHosts: ['127.0.0.1:1'] });
    await expect(elsewhere.send(`http://${host}/`, sent)).rejects.toThrow('https');
  });
});
