import { expect } from '@jest/globals';
import type { RefusalReason } from '@pipedesk/contracts';
import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { type Attack, bytesOf, expectEverywhere, guardedPaths } from './attack.ts';
import { type Forge, strangersKey } from './forge.ts';
import { expectAudited, timesEverywhere } from './refusals.ts';

type Forged = string | undefined | Promise<string | undefined>;

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const header = ({ kid }: Forge) => ({ typ: 'at+jwt', kid });

function unsigned(forge: Forge, alg: string): string {
  return `${encode({ ...header(forge), alg })}.${encode(forge.claims)}.`;
}

/** HS256 keyed with something public: works where a verifier takes the algorithm from the token. */
function hs256(forge: Forge, key: string): string {
  const signed = `${encode({ ...header(forge), alg: 'HS256' })}.${encode(forge.claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

function pemOf({ publicJwk }: Forge): string {
  return createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString();
}

function rs384({ claims, kid }: Forge): Promise<string> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS384', typ: 'at+jwt', kid }).sign(privateKey);
}

async function altered(forge: Forge): Promise<string> {
  const [head, , signature] = (await forge.sign()).split('.');
  return `${head}.${encode({ ...forge.claims, role: 'admin' })}.${signature}`;
}

async function jsonSerialized(forge: Forge): Promise<string> {
  const [head, payload, signature] = (await forge.sign()).split('.');
  return encode({ payload, signatures: [{ protected: head, signature }] });
}

/** The reason is what audit is told. */
const refused: [name: string, reason: RefusalReason, forgeToken: (forge: Forge) => Forged][] = [
  ['no token', 'token_missing', () => undefined],
  ['alg none', 'malformed', (forge) => unsigned(forge, 'none')],
  ['alg noNE', 'malformed', (forge) => unsigned(forge, 'noNE')],
  ['HS256 keyed with the public PEM', 'unknown_header', (forge) => hs256(forge, pemOf(forge))],
  [
    'HS256 keyed with the public PEM and escaped newlines',
    'unknown_header',
    (forge) => hs256(forge, pemOf(forge).replaceAll('\n', '\\n')),
  ],
  [
    'HS256 keyed with the JWK text',
    'unknown_header',
    (forge) => hs256(forge, JSON.stringify(forge.publicJwk)),
  ],
  ['unpinned RS384', 'unknown_header', rs384],
  ['a bad signature', 'bad_signature', async (forge) => `${(await forge.sign()).slice(0, -6)}AAAAAA`],
  [
    'an empty signature',
    'malformed',
    async (forge) => `${(await forge.sign()).split('.').slice(0, 2).join('.')}.`,
  ],
  ['a payload changed after signing', 'bad_signature', altered],
  ['an unknown kid', 'unknown_key', (forge) => forge.sign({}, { kid: 'nobody' })],
  [
    'a kid that walks through folders',
    'unknown_key',
    (forge) => forge.sign({}, { kid: '../../../../dev/null' }),
  ],
  ['a kid that is an operator', 'unknown_header', (forge) => forge.sign({}, { kid: { $ne: '' } })],
  ['an embedded jwk', 'unknown_header', (forge) => forge.sign({}, { jwk: forge.publicJwk })],
  ['an unknown crit', 'unknown_header', (forge) => critical(forge)],
  ['a JSON serialization', 'malformed', jsonSerialized],
  [
    'a JWE',
    'malformed',
    () => [encode({ alg: 'dir', enc: 'A256GCM' }), '', 'aXY', 'dGV4dA', 'dGFn'].join('.'),
  ],
  ['a wrong issuer', 'wrong_issuer', (forge) => forge.sign({ iss: 'https://evil.example.com' })],
  ['another audience', 'wrong_audience', (forge) => forge.sign({ aud: 'another-api' })],
  ['no exp', 'unknown_claims', (forge) => forge.sign({ exp: undefined })],
  ['a string exp', 'unknown_claims', (forge) => forge.sign({ exp: String(now() + 600) })],
  ['expired beyond 5 s of skew', 'expired', (forge) => forge.sign({ exp: now() - 10 })],
  ['a future nbf', 'not_yet_valid', (forge) => forge.sign({ nbf: now() + 60 })],
  ['a refresh token', 'unknown_header', (forge) => forge.sign({}, { typ: 'rt+jwt' })],
  ['an ID token', 'unknown_header', (forge) => forge.sign({}, { typ: 'JWT' })],
  ['no type', 'unknown_header', (forge) => forge.sign({}, { typ: undefined })],
  [
    'a service token from outside',
    'unknown_header',
    (forge) => forge.sign({ sub: 'service:crm', iss: 'crm' }, { typ: 'service+jwt' }),
  ],
  ['a string payload', 'unknown_claims', (forge) => stringPayload(forge)],
  ['no tid', 'unknown_claims', (forge) => forge.sign({ tid: undefined })],
  ['no sid', 'unknown_claims', (forge) => forge.sign({ sid: undefined })],
  ['no sub', 'unknown_claims', (forge) => forge.sign({ sub: undefined })],
  ['a role nobody has', 'unknown_claims', (forge) => forge.sign({ role: 'owner' })],
  ['a key auth does not publish', 'bad_signature', (forge) => forge.sign({}, {}, strangersKey())],
  ['bytes after the token', 'malformed', async (forge) => `${await forge.sign()} admin`],
  [
    'two tokens with a comma',
    'malformed',
    async (forge) => `${await forge.sign()}, Bearer ${await forge.sign()}`,
  ],
];

/** Auth's own signature, over claims that name the tenant: these refusals are in its audit trail. */
const genuine = new Set([
  'a wrong issuer',
  'another audience',
  'no exp',
  'a string exp',
  'expired beyond 5 s of skew',
  'a future nbf',
  'no sid',
  'no sub',
  'a role nobody has',
]);

/** jose refuses to sign with a `crit` it does not know; its first token's header is exchanged, and signed again. */
async function critical(forge: Forge): Promise<string> {
  return signBytes(
    forge,
    { ...header(forge), alg: 'ES256', crit: ['exp-kind'], 'exp-kind': 1 },
    forge.claims,
  );
}

function stringPayload(forge: Forge): Promise<string> {
  return signBytes(forge, { ...header(forge), alg: 'ES256' }, '"admin"');
}

async function signBytes({ privateKey }: Forge, head: object, payload: unknown): Promise<string> {
  const { sign } = await import('node:crypto');
  const signed = `${encode(head)}.${encode(payload)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

export const tokenAttacks: Attack[] = [
  {
    where: 'JWT',
    name: 'a token made the same way without a flaw',
    expected: 'admitted everywhere, so each refusal below is for its flaw',
    run: async (world, forge) => {
      const token = await forge.sign();
      await expectEverywhere(world, [200], (door, path) => world.wire.send(door, { path, token }));
    },
  },
  ...refused.map(([name, reason, forgeToken]): Attack => ({
    where: 'JWT',
    name,
    expected: '401 with WWW-Authenticate, audit event',
    run: async (world, forge) => {
      const since = new Date();
      const token = await forgeToken(forge);
      await expectEverywhere(world, [401], (door, path) => world.wire.send(door, { path, token }));
      const belongsTo = genuine.has(name) ? 'tenant' : 'platform';
      await expectAudited(world, forge, since, reason, { belongsTo });
    },
  })),
  {
    where: 'JWT',
    name: 'a token in the query or in the body',
    expected: '401 with WWW-Authenticate, audit event',
    run: async (world, forge) => {
      const since = new Date();
      const token = await forge.sign();
      for (const name of ['access_token', 'token', 'jwt'])
        await expectEverywhere(world, [401], (door, path) =>
          world.wire.send(door, { path: `${path}?${name}=${token}` }),
        );
      const body = { access_token: token, name: 'x' };
      for (const door of ['crm', 'api-gateway'] as const)
        expect((await world.wire.send(door, { method: 'POST', path: '/deals', body })).status).toBe(401);
      await expectAudited(world, forge, since, 'token_missing', {
        belongsTo: 'platform',
        times: timesEverywhere(world, 3),
      });
    },
  },
  {
    where: 'JWT',
    name: 'a jku or x5u URL',
    expected: '401, no fetch made, audit event',
    run: async (world, forge) => {
      const since = new Date();
      let fetched = 0;
      const server = createServer((_req, res) => {
        fetched++;
        res.end(JSON.stringify({ keys: [forge.publicJwk] }));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
      for (const member of ['jku', 'x5u']) {
        const token = await forge.sign({}, { [member]: url });
        await expectEverywhere(world, [401], (door, path) => world.wire.send(door, { path, token }));
      }
      await new Promise((resolve) => server.close(resolve));
      expect(fetched).toBe(0);
      await expectAudited(world, forge, since, 'unknown_header', {
        belongsTo: 'platform',
        times: timesEverywhere(world, 2),
      });
    },
  },
  {
    where: 'JWT',
    name: 'two Authorization headers',
    expected: '400',
    run: async (world, forge) => {
      const line = `Authorization: Bearer ${await forge.sign()}`;
      await expectEverywhere(world, [400], (door, path) =>
        world.wire.raw(door, bytesOf(`GET ${path} HTTP/1.1`, [line, line])),
      );
    },
  },
  {
    where: 'JWT',
    name: 'a 16 KB header without spaces, 50 times',
    expected: '401 or 431',
    run: async (world) => {
      for (const [door, path] of guardedPaths(world)) {
        const line = `Authorization: Bearer ${'a.'.repeat(7_900)}`;
        const answers = await Promise.all(
          Array.from({ length: 50 }, () => world.wire.raw(door, bytesOf(`GET ${path} HTTP/1.1`, [line]))),
        );
        expect(answers.filter(({ status }) => status !== 401 && status !== 431)).toEqual([]);
      }
    },
  },
  {
    where: 'JWKS',
    name: '1,000 random kids',
    expected: '401, one fetch per cool-down, one record for many',
    run: async (world, forge) => {
      const since = new Date();
      const before = await keyFetches(world);
      const [, ...rest] = (await forge.sign()).split('.');
      for (let batch = 0; batch < 20; batch++) {
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, index) => {
            const head = encode({ ...header(forge), alg: 'ES256', kid: `random-${batch}-${index}` });
            return world.wire.send('crm', { path: '/deals', token: [head, ...rest].join('.') });
          }),
        );
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      }
      // Other services may fetch in these seconds as well; without the cool-down it would be hundreds.
      expect((await keyFetches(world)) - before).toBeLessThan(12);
      const times = new Map([['crm', 1_000]] as const);
      await expectAudited(world, forge, since, 'unknown_key', { belongsTo: 'platform', times });
    },
  },
];

/** As auth counts them itself. */
async function keyFetches(world: Parameters<Attack['run']>[0]): Promise<number> {
  const { text } = await world.wire.send('auth', { path: '/metrics' });
  const counts = text.matchAll(/^pipedesk_http_request_duration_seconds_count\{(.*)\} (\d+)$/gm);
  return [...counts]
    .filter(([, labels]) => labels?.includes('jwks.json'))
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}
