import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { audited, notAudited, publicRoute, route } from './route.ts';

const spec = {
  method: 'get',
  path: '/things',
  summary: 'Things',
  permission: 'deals:read',
  audit: notAudited('a read'),
  response: z.object({}),
  handle: () => ({}),
} as const;

describe('route', () => {
  it.each([undefined, null, '', {}, publicRoute(''), { public: 5 }])(
    'refuses the permission %j',
    (permission) => {
      expect(() => route({ ...spec, permission: permission as never })).toThrow(
        'GET /things declares no permission',
      );
    },
  );

  it.each([undefined, null, '', {}, notAudited(''), audited()])(
    'refuses the audit declaration %j',
    (audit) => {
      expect(() => route({ ...spec, audit: audit as never })).toThrow('GET /things declares no audit');
    },
  );

  it('takes a permission or a reason for being public, events or a reason for having none', () => {
    for (const permission of ['deals:read', publicRoute('sign-up has no token')] as const)
      for (const audit of [audited('crm.deal.updated'), notAudited('a read')])
        expect(route({ ...spec, permission, audit })).toMatchObject({ permission, audit });
  });
});
