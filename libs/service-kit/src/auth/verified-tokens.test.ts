import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import express from 'express';
import { audience, buildClaims, forge, issuer, kid, now, ours } from '../../test/forge-token.ts';
import { problemHandler } from '../http/problem-handler.ts';
import { rememberOrigin } from '../http/request-origin.ts';
import { type HttpServer, listen } from '../http/server.ts';
import { createLogger } from '../logger.ts';
import type { Caller } from '../request-context.ts';
import { callerOf, createAuthenticator } from './authenticate.ts';
import { sessionEnded } from './revocation-list.ts';
import type { AccessCheck } from './revocations.ts';
import { createVerifiedTokens } from './verified-tokens.ts';

const find = jest.fn<(kid: string) => Promise<KeyObject | undefined>>();
const admit = jest.fn<AccessCheck['admit']>();
let http: HttpServer;

beforeAll(async () => {
  const app = express();
  const revocations = { admit };
  app.use(rememberOrigin, createAuthenticator({ keys: { find }, issuer, audience, revocations }));
  app.use((req, res) => void res.json(callerOf(req)));
  app.use(problemHandler(createLogger('test', 'silent'), []));
  http = await listen(app, '127.0.0.1', 0);
});
afterAll(() => http.close());
beforeEach(() => {
  admit.mockReset();
  admit.mockImplementation((caller) => Promise.resolve(caller));
  find.mockReset();
  find.mockResolvedValue(ours.publicKey);
});

async function present(token: string): Promise<[status: number, code: string | undefined]> {
  const answer = await fetch(`http://127.0.0.1:${http.port}/`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { code } = (await answer.json()) as { code?: string };
  return [answer.status, code];
}

/** A token that has been let in before. */
async function knownToken(claims = buildClaims()): Promise<string> {
  const token = forge({}, claims);
  expect(await present(token)).toEqual([200, undefined]);
  return token;
}

/** Runs while the clock stands at this second. */
async function at(second: number, act: () => Promise<void>): Promise<void> {
  const clock = jest.spyOn(Date, 'now').mockReturnValue(second * 1000);
  try {
    await act();
  } finally {
    clock.mockRestore();
  }
}

describe('a token that was verified before', () => {
  it('is let in again, with the same caller, its session asked after each time', async () => {
    const token = await knownToken();
    expect(await present(token)).toEqual([200, undefined]);
    expect(admit).toHaveBeenCalledTimes(2);
    expect(admit.mock.calls[0]?.[0]).toEqual(admit.mock.calls[1]?.[0]);
  });

  it('is refused by name once it has expired', async () => {
    const exp = now() + 60;
    const token = await knownToken(buildClaims({ exp }));
    await at(exp + 4, async () => expect(await present(token)).toEqual([200, undefined]));
    await at(exp + 5, async () => expect(await present(token)).toEqual([401, 'token_expired']));
  });

  it('is refused when the clock is put back before its begin', async () => {
    const nbf = now();
    const token = await knownToken(buildClaims({ nbf }));
    await at(nbf - 60, async () => expect((await present(token))[0]).toBe(401));
  });

  it('is refused once its session has ended', async () => {
    const token = await knownToken();
    admit.mockRejectedValue(sessionEnded());
    expect(await present(token)).toEqual([401, 'session_ended']);
  });

  it('says who asks as they are now', async () => {
    const token = await knownToken();
    admit.mockImplementation((caller) => Promise.resolve({ ...caller, role: 'viewer' }));
    const answer = await fetch(`http://127.0.0.1:${http.port}/`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await answer.json()).toMatchObject({ role: 'viewer' });
  });

  it('is refused once its key is retired', async () => {
    const token = await knownToken();
    find.mockResolvedValue(undefined);
    expect(await present(token)).toEqual([401, 'token_invalid']);
  });

  it('is refused when another key has taken the place of its own', async () => {
    const token = await knownToken();
    find.mockResolvedValue(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
    expect(await present(token)).toEqual([401, 'token_invalid']);
  });

  it('lends nothing to one with another signature or other claims', async () => {
    const token = await knownToken();
    const [head, claims, signature = ''] = token.split('.');
    const turned = [...signature].reverse().join('');
    expect((await present(`${head}.${claims}.${turned}`))[0]).toBe(401);
    const promoted = Buffer.from(JSON.stringify(buildClaims({ role: 'admin' }))).toString('base64url');
    expect((await present(`${head}.${promoted}.${signature}`))[0]).toBe(401);
  });
});

describe('what is remembered', () => {
  const buildCaller = () => ({ userId: 'u' }) as Caller;
  const build = (capacity?: number) =>
    createVerifiedTokens({ keys: { find }, clockTolerance: 5, ...(capacity && { capacity }) });
  const terms = () => ({ kid, key: ours.publicKey, exp: now() + 60 });

  it('is bounded: the oldest makes room', async () => {
    const verified = build(2);
    for (const token of ['a', 'b', 'c']) verified.add(token, terms(), buildCaller());
    expect(verified.size()).toBe(2);
    expect(await verified.find('a')).toBeUndefined();
    expect(await verified.find('c')).toBeDefined();
  });

  it('is forgotten when it is found to be over', async () => {
    const verified = build();
    verified.add('a', { ...terms(), exp: now() - 6 }, buildCaller());
    expect(await verified.find('a')).toBeUndefined();
    expect(verified.size()).toBe(0);
  });

  it('cannot be changed by whoever uses it', () => {
    const verified = build();
    const caller = buildCaller();
    verified.add('a', terms(), caller);
    expect(() => (caller.userId = 'other')).toThrow(TypeError);
  });

  it('is never a refusal', async () => {
    const token = forge({}, buildClaims({ aud: 'others' }));
    expect(await present(token)).toEqual([401, 'token_invalid']);
    expect(await present(token)).toEqual([401, 'token_invalid']);
    expect(admit).not.toHaveBeenCalled();
  });
});
