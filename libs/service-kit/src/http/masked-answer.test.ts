import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { z } from 'zod';
import { audience, buildClaims, forge, issuer, kid, ours } from '../../test/forge-token.ts';
import { serve, type TestService } from '../../test/serve.ts';
import { createAuthenticator } from '../auth/authenticate.ts';
import { notAudited, route } from './route.ts';

const deal = {
  name: 'Forty seats',
  amount: { amount: 5, currency: 'USD' },
  customFields: { birthday: 'May' },
};
const handle = jest.fn(() => ({ items: [deal] }));
const deals = route({
  method: 'get',
  path: '/deals',
  summary: 'Deals',
  permission: 'deals:read',
  audit: notAudited('a read'),
  query: z.strictObject({ amount: z.string().optional(), sort: z.string().optional() }),
  response: z.object({ items: z.array(z.looseObject({ name: z.string() })) }),
  shows: 'deal',
  handle,
});

let service: TestService;
beforeAll(async () => {
  const keys = { find: (wanted: string) => Promise.resolve(wanted === kid ? ours.publicKey : undefined) };
  const revocations = { admit: <Caller>(caller: Caller) => Promise.resolve(caller) };
  service = await serve([deals], {
    authenticate: createAuthenticator({ keys, issuer, audience, revocations }),
  });
});
afterAll(() => service.http.close());

function ask(role: string, path: string) {
  const headers = { authorization: `Bearer ${forge({}, buildClaims({ role }))}` };
  return service.send('GET', path, { headers });
}

describe('a route that says what it shows', () => {
  it('answers a role without the fields masked for it, and names them', async () => {
    const { body } = await ask('viewer', '/deals');
    const masked = ['amount', 'customFields'];
    expect(body).toEqual({ items: [{ name: 'Forty seats', amount: null, customFields: {}, masked }] });
  });

  it('answers other roles whole', async () => {
    expect((await ask('manager', '/deals')).body).toEqual({ items: [deal] });
  });

  it.each(['amount=5', 'sort=-amount', 'sort=name,amount.currency'])(
    'refuses %s to who does not see the field, before anything is read',
    async (query) => {
      handle.mockClear();
      expect(await ask('viewer', `/deals?${query}`)).toMatchObject({
        status: 403,
        body: { code: 'masked_field', permission: 'deals:read', fields: ['amount'] },
      });
      expect(handle).not.toHaveBeenCalled();
      expect((await ask('manager', `/deals?${query}`)).status).toBe(200);
    },
  );
});
