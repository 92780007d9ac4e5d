import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { serve, type TestService } from '../../test/serve.ts';
import { isDeeperThan } from './json-depth.ts';
import { notAudited, publicRoute, route } from './route.ts';

const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);

describe('the depth of JSON', () => {
  const isDeep = (text: string) => isDeeperThan(Buffer.from(text), 3);

  it.each([
    '"flat"',
    nested(3),
    nested(3, '{"a":', '}'),
    '[[],[],[],[],{}]',
    '["[[[[[[["]',
    String.raw`["\"[[[[[[["]`,
    String.raw`["\\"]`,
    '["é[[[[[["]',
  ])('of %s is fine', (text) => {
    expect(isDeep(text)).toBe(false);
  });

  it.each([nested(4), nested(4, '{"a":', '}'), String.raw`["\\",[[[]]]]`, '[[[['])(
    'of %s is too much',
    (text) => {
      expect(isDeep(text)).toBe(true);
    },
  );
});

describe('a route with a body', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await serve([
      route({
        method: 'post',
        path: '/anything',
        summary: 'Takes whatever is JSON',
        permission: publicRoute('test'),
        audit: notAudited('test'),
        body: z.strictObject({ value: z.json() }),
        response: z.object({}),
        handle: () => ({}),
      }),
    ]);
  });
  afterAll(() => service.http.close());

  const send = (body: string) =>
    service.send('POST', '/anything', { headers: { 'content-type': 'application/json' }, body });

  it.each([
    ['arrays', nested(40_000)],
    ['objects', nested(40_000, '{"a":', '}').replace(':}', ':1}')],
    ['arrays without an end', '['.repeat(40_000)],
    ['arrays in a field of ours', `{"value":${nested(40_000)}}`],
  ])('answers 400 to 40,000 nested %s', async (_, body) => {
    expect(await send(body)).toMatchObject({ status: 400, body: { code: 'json_too_deep' } });
  });

  it.each(['utf-7', 'utf-16', 'utf-16le', 'latin1'])('answers 415 to %s', async (charset) => {
    const headers = { 'content-type': `application/json; charset=${charset}` };
    const body = Buffer.from('{"value":1}', 'utf16le');
    expect((await service.send('POST', '/anything', { headers, body })).status).toBe(415);
  });

  it('takes what nests as deep as anyone needs', async () => {
    expect((await send(`{"value":${nested(60)}}`)).status).toBe(200);
  });
});
