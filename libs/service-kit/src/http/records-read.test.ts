import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { audience, buildClaims, forge, issuer, kid, ours } from '../../test/forge-token.ts';
import { serve, type TestService } from '../../test/serve.ts';
import { createAuthenticator } from '../auth/authenticate.ts';
import { notFound } from './problem.ts';
import { recordsReadHeader } from './records-read.ts';
import { notAudited, publicRoute, route } from './route.ts';

const read = { summary: 'Deals', permission: 'deals:read', audit: notAudited('a test') } as const;
const page = { items: [1, 2, 3], nextCursor: null };
const routes = [
  route({ ...read, method: 'get', path: '/list', response: z.looseObject({}), handle: () => page }),
  route({ ...read, method: 'post', path: '/list', response: z.looseObject({}), handle: () => page }),
  route({ ...read, method: 'get', path: '/one', response: z.looseObject({}), handle: () => ({ id: 1 }) }),
  route({
    ...read,
    method: 'get',
    path: '/none',
    response: z.looseObject({}),
    handle: () => {
      throw notFound('deal_not_found');
    },
  }),
  route({
    ...read,
    method: 'get',
    path: '/open',
    permission: publicRoute('a test'),
    response: z.looseObject({}),
    handle: () => page,
  }),
];

let service: TestService;
beforeAll(async () => {
  const keys = { find: (wanted: string) => Promise.resolve(wanted === kid ? ours.publicKey : undefined) };
  const revocations = { admit: <Caller>(caller: Caller) => Promise.resolve(caller) };
  service = await serve(routes, {
    authenticate: createAuthenticator({ keys, issuer, audience, revocations }),
  });
});
afterAll(() => service.http.close());

describe('the number of records in an answer', () => {
  it.each([
    ['GET', '/list', '3'],
    ['GET', '/one', '1'],
    ['GET', '/none', undefined],
    ['POST', '/list', undefined],
    ['HEAD', '/list', undefined],
    ['GET', '/open', undefined],
  ])('of %s %s is told as %s', async (method, path, told) => {
    const headers = { authorization: `Bearer ${forge({}, buildClaims({ role: 'sales' }))}` };
    const answer = await service.send(method, path, { headers });
    expect(answer.headers[recordsReadHeader]).toBe(told);
  });
});
