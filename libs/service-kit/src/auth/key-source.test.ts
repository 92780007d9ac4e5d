import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { remoteKeys } from './key-source.ts';

/** A JWKS endpoint in whatever state a test puts it. */
let endpoint: Server;
let url: string;
let fetches = 0;
let kids: string[];
let state: 'up' | 'down' | 'silent' | 'nonsense';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = (kid: string) => ({ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' });

beforeEach(async () => {
  [fetches, kids, state] = [0, ['a'], 'up'];
  endpoint = createServer((_req, res) => {
    fetches++;
    if (state === 'silent') return;
    if (state === 'down') res.writeHead(503).end();
    else if (state === 'nonsense') res.end('{"keys":[{"kty":"EC"}]}');
    else res.end(JSON.stringify({ keys: kids.map(jwk) }));
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/jwks.json`;
});
afterEach(() => {
  endpoint.closeAllConnections();
  endpoint.close();
});

describe('remoteKeys', () => {
  it('fetches once and serves the set from memory, to many at once too', async () => {
    const keys = remoteKeys({ url });
    const found = await Promise.all(Array.from({ length: 50 }, () => keys.find('a')));
    expect(found.every((key) => key?.asymmetricKeyType === 'ec')).toBe(true);
    await keys.find('a');
    expect(fetches).toBe(1);
  });

  it('answers a flood of unknown key ids with one fetch', async () => {
    const keys = remoteKeys({ url });
    for (let n = 0; n < 1000; n++) expect(await keys.find(`random-${n}`)).toBeUndefined();
    expect(fetches).toBe(1);
    expect(await keys.find('a')).toBeDefined();
  });

  it('finds a new key after the cool-down', async () => {
    const keys = remoteKeys({ url, coolDown: 50 });
    await keys.find('a');
    kids = ['a', 'b'];
    await sleep(60);
    expect(await keys.find('b')).toBeDefined();
    expect(fetches).toBe(2);
  });

  it('forgets a withdrawn key once its set is too old', async () => {
    const keys = remoteKeys({ url, coolDown: 0, maxAge: 50 });
    await keys.find('a');
    kids = ['b'];
    await sleep(60);
    expect(await keys.find('a')).toBeUndefined();
  });

  it.each(['down', 'silent', 'nonsense'] as const)(
    'answers 503 when it is cold and the endpoint is %s',
    async (how) => {
      state = how;
      const keys = remoteKeys({ url, timeout: 400 });
      await expect(keys.find('a')).rejects.toMatchObject({ status: 503, code: 'signing_keys_unavailable' });
      await expect(keys.find('a')).rejects.toMatchObject({ status: 503 });
      expect(fetches).toBe(1);
    },
  );

  it.each(['down', 'silent', 'nonsense'] as const)(
    'serves its old set while the endpoint is %s, and tries again',
    async (how) => {
      const keys = remoteKeys({ url, coolDown: 0, maxAge: 10, timeout: 300 });
      await keys.find('a');
      state = how;
      await sleep(20);
      expect(await keys.find('a')).toBeDefined();
      state = 'up';
      kids = ['b'];
      await sleep(20);
      expect(await keys.find('a')).toBeUndefined();
    },
  );

  it('makes nobody with a known key wait for a fetch that an unknown one has caused', async () => {
    const keys = remoteKeys({ url, coolDown: 0, timeout: 2_000 });
    await keys.find('a');
    state = 'silent';
    await sleep(5);
    const order: string[] = [];
    const unknown = keys.find('random').then(() => order.push('unknown'));
    await keys.find('a').then(() => order.push('known'));
    await unknown;
    expect(order).toEqual(['known', 'unknown']);
  });

  it('takes no key that is not for ES256 signatures', async () => {
    endpoint.removeAllListeners('request');
    endpoint.on('request', (_req, res) =>
      res.end(
        JSON.stringify({
          keys: [{ ...jwk('enc'), use: 'enc' }, { ...jwk('other'), alg: 'ES384' }, jwk('a')],
        }),
      ),
    );
    const keys = remoteKeys({ url });
    expect([await keys.find('enc'), await keys.find('other')]).toEqual([undefined, undefined]);
    expect(await keys.find('a')).toBeDefined();
  });
});
