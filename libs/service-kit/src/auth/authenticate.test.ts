import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import express from 'express';
import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { request } from 'node:http';
import { v7 as uuidv7 } from 'uuid';
import {
  audience,
  buildClaims,
  encode,
  es256,
  forge,
  hs256,
  issuer,
  kid,
  now,
  ours,
  type Signer,
} from '../../test/forge-token.ts';
import { problemHandler } from '../http/problem-handler.ts';
import { unavailable } from '../http/problem.ts';
import { rememberOrigin } from '../http/request-origin.ts';
import { type HttpServer, listen } from '../http/server.ts';
import { createLogger } from '../logger.ts';
import { callerOf, createAuthenticator } from './authenticate.ts';
import { sessionEnded } from './revocation-list.ts';
import type { AccessCheck } from './revocations.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

const find = jest.fn<(kid: string) => Promise<KeyObject | undefined>>();
const handler = jest.fn();
const admit = jest.fn<AccessCheck['admit']>();
const revocations = { admit };
let http: HttpServer;

beforeAll(async () => {
  const app = express();
  app.use(rememberOrigin, createAuthenticator({ keys: { find }, issuer, audience, revocations }));
  app.use((req, res) => {
    handler();
    res.json(callerOf(req));
  });
  app.use(problemHandler(createLogger('test', 'silent'), []));
  http = await listen(app, '127.0.0.1', 0);
});
afterAll(() => http.close());
beforeEach(() => {
  handler.mockClear();
  admit.mockReset();
  admit.mockImplementation((caller) => Promise.resolve(caller));
  find.mockReset();
  find.mockImplementation((wanted) => Promise.resolve(wanted === kid ? ours.publicKey : undefined));
});

interface Answer {
  status: number;
  challenge: string | undefined;
  body: { code?: string };
}

/** `node:http` sends what it is told: two headers stay two headers. */
function send(authorization: string | string[] | undefined, path = '/'): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = [
    'host',
    'test',
    ...[authorization ?? []].flat().flatMap((value) => ['authorization', value]),
  ];
  const sent = request({ host: '127.0.0.1', port: http.port, path, headers, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.on('end', () => {
      resolve({
        status: response.statusCode ?? 0,
        challenge: response.headers['www-authenticate'],
        body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {},
      });
    });
  });
  sent.on('error', reject).end();
  return promise;
}

const present = (token: string) => send(`Bearer ${token}`);

const pem = ours.publicKey.export({ type: 'spki', format: 'pem' }) as string;
const jwk = ours.publicKey.export({ format: 'jwk' });

async function expectRefusal(token: string): Promise<void> {
  const answer = await present(token);
  expect(answer.status).toBe(401);
  expect(answer.challenge).toBe('Bearer error="invalid_token"');
  expect(answer.body.code).toMatch(/^token_(invalid|expired)$/);
  expect(handler).not.toHaveBeenCalled();
}

describe('an access token of ours', () => {
  it('tells who asks', async () => {
    const claims = buildClaims({ role: 'manager', team: uuidv7() });
    const { status, body } = await present(forge({}, claims));
    expect(status).toBe(200);
    expect(body).toEqual({
      userId: claims.sub,
      tenantId: claims.tid,
      sessionId: claims.sid,
      role: 'manager',
      name: 'Sam',
      teamId: claims.team,
      permissionVersion: claims.pv,
      authenticatedAt: 0,
      apiKey: null,
    });
  });

  it('is taken from a scheme in any case, and while a clock is up to 5 s off', async () => {
    expect((await send(`bearer ${forge()}`)).status).toBe(200);
    expect((await present(forge({}, buildClaims({ exp: now() - 3 })))).status).toBe(200);
  });

  it('is refused by its name once it has expired', async () => {
    const { status, body } = await present(forge({}, buildClaims({ exp: now() - 6 })));
    expect([status, body.code]).toEqual([401, 'token_expired']);
  });
});

describe('a forged algorithm is refused:', () => {
  const nothing: Signer = () => Buffer.alloc(0);
  it.each<[string, string]>([
    ['none', forge({ alg: 'none' }, buildClaims(), nothing)],
    ['noNE', forge({ alg: 'noNE' }, buildClaims(), nothing)],
    ['none with a signature', forge({ alg: 'none' })],
    ['HS256 keyed with the public PEM', forge({ alg: 'HS256' }, buildClaims(), hs256(pem))],
    [
      'HS256 keyed with the PEM, its newlines escaped',
      forge({ alg: 'HS256' }, buildClaims(), hs256(pem.replaceAll('\n', String.raw`\n`))),
    ],
    ['HS256 keyed with the JWK', forge({ alg: 'HS256' }, buildClaims(), hs256(JSON.stringify(jwk)))],
    ['HS256 that says it is ES256', forge({}, buildClaims(), hs256(pem))],
    [
      'RS384 of a key of the attacker',
      forge({ alg: 'RS384' }, buildClaims(), (input) => sign('sha384', Buffer.from(input), rsa.privateKey)),
    ],
    ['ES384', forge({ alg: 'ES384' })],
    ['a list', forge({ alg: ['ES256'] })],
  ])('%s', async (_what, token) => {
    await expectRefusal(token);
  });
});

describe('a header that is not ours is refused:', () => {
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const byStranger: Signer = (input) =>
    sign('sha256', Buffer.from(input), { key: stranger.privateKey, dsaEncoding: 'ieee-p1363' });
  const strangerJwk: JsonWebKey = stranger.publicKey.export({ format: 'jwk' });
  it.each<[string, Record<string, unknown>]>([
    ['typ JWT', { typ: 'JWT' }],
    ['typ of a refresh token', { typ: 'rt+jwt' }],
    ['no typ', { typ: undefined }],
    ['unknown kid', { kid: 'other' }],
    ['kid that climbs', { kid: '../../../dev/null' }],
    ['kid that is an operator', { kid: { $ne: null } }],
    ['no kid', { kid: undefined }],
    ['crit', { crit: ['exp'] }],
    ['unknown crit', { crit: ['b64'], b64: false }],
    ['jwk', { jwk: strangerJwk }],
    ['jku', { jku: 'http://127.0.0.1:9/jwks.json' }],
    ['x5u', { x5u: 'http://127.0.0.1:9/cert.pem' }],
    ['zip', { zip: 'DEF' }],
  ])('%s', async (_what, head) => {
    await expectRefusal(forge(head));
    await expectRefusal(forge(head, buildClaims(), byStranger));
  });

  it('a known kid on a token somebody else signed', async () => {
    await expectRefusal(forge({}, buildClaims(), byStranger));
  });

  it('__proto__ instead of members', async () => {
    const head = encode(`{"alg":"ES256","__proto__":{"typ":"at+jwt","kid":"${kid}"}}`);
    const input = `${head}.${encode(JSON.stringify(buildClaims()))}`;
    await expectRefusal(`${input}.${es256(input).toString('base64url')}`);
  });
});

describe('claims that do not carry a decision are refused:', () => {
  it.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'them' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'their services' }],
    ['no audience', { aud: undefined }],
    ['no exp', { exp: undefined }],
    ['exp as text', { exp: String(now() + 600) }],
    ['exp that is no number', { exp: null }],
    ['expired', { exp: now() - 60 }],
    ['not valid yet', { nbf: now() + 60 }],
    ['no subject', { sub: undefined }],
    ['no tenant', { tid: undefined }],
    ['an empty tenant', { tid: '' }],
    ['no session', { sid: undefined }],
    ['no token id', { jti: undefined }],
    ['an unknown role', { role: 'owner' }],
    ['a list of roles', { role: ['admin'] }],
    ['no role', { role: undefined }],
    ['a team that is an operator', { team: { $ne: null } }],
  ])('%s', async (_what, claims) => {
    await expectRefusal(forge({}, buildClaims(claims)));
  });

  it.each([['text'], [7], [null], [['a']]])('a payload that is %j', async (payload) => {
    await expectRefusal(forge({}, payload));
  });
});

describe('a damaged token is refused:', () => {
  it.each<[string, (token: string) => string]>([
    ['another signature', (token) => token.replace(/[^.]*$/, Buffer.alloc(64, 1).toString('base64url'))],
    ['an empty signature', (token) => token.replace(/[^.]*$/, '')],
    ['no signature', (token) => token.replace(/\.[^.]*$/, '')],
    ['bytes after it', (token) => `${token}.e30`],
    ['a space and more after it', (token) => `${token} more`],
    ['a comma and another after it', (token) => `${token}, Bearer ${token}`],
    ['an encrypted one (JWE)', (token) => `${token}.AAAA.AAAA`],
    ['JSON serialization', () => JSON.stringify({ payload: 'e30', signatures: [] })],
    [
      'other claims under its signature',
      (token) => token.replace(/\..*\./, `.${encode('{"role":"admin"}')}.`),
    ],
    ['standard base64', (token) => `${token.slice(0, -2)}+/`],
    ['nothing', () => ''],
  ])('%s', async (_what, damage) => {
    await expectRefusal(damage(forge()));
  });

  it('a signature in DER instead of the form of JOSE', async () => {
    const der: Signer = (input) => sign('sha256', Buffer.from(input), ours.privateKey);
    await expectRefusal(forge({}, buildClaims(), der));
  });
});

describe('the way a token comes', () => {
  it('asks for a token when there is none', async () => {
    const answer = await send(undefined);
    expect(answer).toMatchObject({ status: 401, challenge: 'Bearer', body: { code: 'token_missing' } });
  });

  it('takes none from the query', async () => {
    const answer = await send(undefined, `/?access_token=${forge()}&token=${forge()}&auth_token=${forge()}`);
    expect([answer.status, answer.body.code]).toEqual([401, 'token_missing']);
  });

  it.each([['Basic'], ['JWT'], ['Bearer:'], ['Token']])('refuses the scheme %s', async (scheme) => {
    expect((await send(`${scheme} ${forge()}`)).status).toBe(401);
  });

  it('refuses two Authorization headers, whichever is valid', async () => {
    const answers = await Promise.all([
      send([`Bearer ${forge()}`, 'Bearer e30.e30.AA']),
      send(['Basic YTpi', `Bearer ${forge()}`]),
    ]);
    for (const { status, body } of answers)
      expect([status, body.code]).toEqual([400, 'duplicate_authorization']);
    expect(handler).not.toHaveBeenCalled();
  });

  it('refuses headers far longer than a token without looking for a key', async () => {
    for (const text of ['a'.repeat(15_000), '.'.repeat(15_000), ' '.repeat(15_000), 'a.'.repeat(7_000)]) {
      expect((await send(`Bearer ${text}x`)).status).toBe(401);
    }
    expect((await send(`Bearer ${'a'.repeat(16 * 1024)}`)).status).toBe(431);
    expect(find).not.toHaveBeenCalled();
  });

  it('answers 503 with Retry-After while keys cannot be had, never 200', async () => {
    find.mockRejectedValue(unavailable('signing_keys_unavailable'));
    const { status, body } = await present(forge());
    expect([status, body.code]).toEqual([503, 'signing_keys_unavailable']);
    expect(handler).not.toHaveBeenCalled();
  });
});

describe('what has changed since the token', () => {
  it('refuses the token of a session that has ended', async () => {
    admit.mockRejectedValue(sessionEnded());
    const { status, body } = await present(forge());
    expect([status, body.code]).toEqual([401, 'session_ended']);
    expect(handler).not.toHaveBeenCalled();
  });

  it('takes the caller as they are now', async () => {
    admit.mockImplementation((caller) => Promise.resolve({ ...caller, role: 'viewer' }));
    const { body } = await present(forge({}, buildClaims({ role: 'admin' })));
    expect(body).toMatchObject({ role: 'viewer', permissionVersion: 1 });
  });

  it('refuses a token that does not tell of which version it is', async () => {
    await expectRefusal(forge({}, buildClaims({ pv: undefined })));
  });
});

describe('an authenticator', () => {
  it.each([
    ['issuer', { issuer: '', audience }],
    ['audience', { issuer, audience: '' }],
  ])('does not come to be without an %s', (_what, options) => {
    expect(() => createAuthenticator({ keys: { find }, revocations, ...options })).toThrow(
      'must not be empty',
    );
  });

  it('verifies with the key the header names and no other', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    find.mockImplementation((wanted) =>
      Promise.resolve(wanted === kid ? createPublicKey(other.privateKey) : ours.publicKey),
    );
    await expectRefusal(forge());
  });
});
