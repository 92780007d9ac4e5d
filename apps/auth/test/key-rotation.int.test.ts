import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { signUp } from './accounts.ts';
import { type Auth, startAuth } from './start-auth.ts';

const day = 86_400_000;
const minute = 60_000;
const start = Date.now();
let at = 0;
let auth: Auth;
beforeAll(async () => {
  auth = await startAuth({ clock: () => new Date(start + at), keyRotationDays: 30 });
});
afterAll(() => auth.stop());

/** Another process with nothing in its cache, at a time of the clock all share. */
async function freshly(time: number) {
  at = time;
  await auth.rotation.turn();
  const replica = await auth.replica();
  const { keys } = (await replica.request('GET', '/.well-known/jwks.json')).body as {
    keys: { kid: string }[];
  };
  const { accessToken: token } = await signUp(replica);
  const signedBy = String(decodeProtectedHeader(token).kid);
  return { kids: keys.map(({ kid }) => kid), signedBy, token, replica };
}

it('replaces the signing key: published, then signing, and the old one retired after its last token', async () => {
  const first = await freshly(0);
  expect(first.kids).toEqual([first.signedBy]);

  const ahead = await freshly(30 * day - 10 * minute);
  expect(ahead.kids).toHaveLength(2);
  expect(ahead.signedBy).toBe(first.signedBy);

  const after = await freshly(30 * day + minute);
  expect(after.kids).toEqual(ahead.kids);
  expect(after.signedBy).toBe(after.kids[0]);
  expect(after.signedBy).not.toBe(first.signedBy);

  const retired = await freshly(30 * day + 16 * minute);
  expect(retired.kids).toEqual([after.signedBy]);
});

it('refuses tokens of a retired key, though they have not expired by the clock of the verifier', async () => {
  const { token, signedBy, replica } = await freshly(31 * day);
  expect((await replica.request('GET', '/auth/me', { token })).status).toBe(200);
  await auth.connection
    .collection<{ _id: string }>('signing_keys')
    .updateOne({ _id: signedBy }, { $set: { retiredAt: new Date() } });
  const later = await auth.replica();
  const refused = await later.request('GET', '/auth/me', { token });
  expect(refused).toMatchObject({ status: 401, body: { code: 'token_invalid' } });
});

it('adds one key when replicas look at the same moment, and keeps no private half of a retired one', async () => {
  const replicas = await Promise.all([auth.replica(), auth.replica(), auth.replica()]);
  await freshly(40 * day);
  at = 70 * day;
  await Promise.all(replicas.map(({ rotation }) => rotation.turn()));
  const keys = await auth.connection
    .collection<{ generation: number; retiredAt: Date | null; sealedJwk: string }>('signing_keys')
    .find()
    .toArray();
  const generations = keys.map(({ generation }) => generation);
  expect(new Set(generations).size).toBe(generations.length);
  expect(keys.filter(({ retiredAt }) => retiredAt === null)).toHaveLength(2);
  at = 70 * day + 60 * minute;
  await auth.rotation.turn();
  const retired = await auth.connection
    .collection<{ sealedJwk: string }>('signing_keys')
    .find({ sealedJwk: '' })
    .toArray();
  expect(retired.length).toBeGreaterThan(0);
});
