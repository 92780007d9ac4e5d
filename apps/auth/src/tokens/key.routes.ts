import { jwksSchema } from '@pipedesk/contracts';
import { notAudited, publicRoute, type Route, route } from '@pipedesk/service-kit';
import type { KeyRing } from './key-ring.ts';

export const keyRoutes = (keys: KeyRing): Route[] => [
  route({
    method: 'get',
    path: '/.well-known/jwks.json',
    summary: 'The public keys that verify access tokens',
    permission: publicRoute('verifiers need the keys before they can check any token'),
    audit: notAudited('reads of public keys are not changes'),
    response: jwksSchema,
    handle: async ({ res }) => {
      res.set('Cache-Control', 'public, max-age=60');
      return { keys: await keys.publicKeys() };
    },
  }),
];
