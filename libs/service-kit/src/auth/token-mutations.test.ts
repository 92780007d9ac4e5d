import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import fc from 'fast-check';
import { audience, buildClaims, encode, forge, issuer, kid, ours } from '../../test/forge-token.ts';
import { problemHandler } from '../http/problem-handler.ts';
import { rememberOrigin } from '../http/request-origin.ts';
import { type HttpServer, listen } from '../http/server.ts';
import { createLogger } from '../logger.ts';
import { createAuthenticator } from './authenticate.ts';

let http: HttpServer;
beforeAll(async () => {
  const app = express();
  const keys = { find: (wanted: string) => Promise.resolve(wanted === kid ? ours.publicKey : undefined) };
  const revocations = { admit: <Caller>(caller: Caller) => Promise.resolve(caller) };
  app.use(rememberOrigin, createAuthenticator({ keys, issuer, audience, revocations }));
  app.use((_req, res) => void res.json({}));
  app.use(problemHandler(createLogger('test', 'silent'), []));
  http = await listen(app, '127.0.0.1', 0);
});
afterAll(() => http.close());

async function present(token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const { status } = await fetch(`http://127.0.0.1:${http.port}/`, { headers });
  return status;
}

const genuine = forge();
const parts = genuine.split('.') as [string, string, string];
const base64url = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];

/** Another character somewhere. The last of a part holds bits that decoding drops: changing it may change nothing. */
const oneCharacter = fc
  .tuple(fc.nat(genuine.length - 1), fc.constantFrom(...base64url))
  .map(([at, character]) => genuine.slice(0, at) + character + genuine.slice(at + 1))
  .filter((token) => token !== genuine && token.split('.').length === 3 && !decodesAlike(token));

const cut = fc.nat(genuine.length - 1).map((length) => genuine.slice(0, length));

const shuffled = fc
  .shuffledSubarray(parts, { minLength: 3 })
  .map((some) => some.join('.'))
  .filter((token) => token !== genuine);

/** Claims of one token under the signature of another. */
const otherClaims = fc
  .record(
    { role: fc.constantFrom('admin', 'manager'), tid: fc.uuid({ version: 7 }), pv: fc.nat() },
    { requiredKeys: [] },
  )
  .filter((changes) => Object.keys(changes).length > 0)
  .map((changes) => [parts[0], encode(JSON.stringify(buildClaims(changes))), parts[2]].join('.'));

function decodesAlike(token: string): boolean {
  return token.split('.').every((part, index) => {
    return Buffer.from(part, 'base64url').equals(Buffer.from(parts[index] ?? '', 'base64url'));
  });
}

describe('a mutation of a genuine token', () => {
  it('is refused, whatever it is, also after the genuine one was admitted', async () => {
    expect(await present(genuine)).toBe(200);
    await fc.assert(
      fc.asyncProperty(fc.oneof(oneCharacter, cut, shuffled, otherClaims), async (token) => {
        expect({ token, status: await present(token) }).toEqual({ token, status: 401 });
      }),
      { numRuns: 400 },
    );
    expect(await present(genuine)).toBe(200);
  });
});
