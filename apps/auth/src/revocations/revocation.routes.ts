import { revocationsQuery, revocationsSchema } from '@pipedesk/contracts';
import { notAudited, type Route, route, serviceRoute } from '@pipedesk/service-kit';
import type { RevocationReader } from './revocation.reader.ts';

interface RevocationRoutesDeps {
  read: RevocationReader;
  /** Of an access token, seconds. */
  tokenLifetime: number;
  clock: () => Date;
}

/** A write's own time is a little older than its commit, ms. */
const slack = 60_000;

export const revocationRoutes = ({ read, tokenLifetime, clock }: RevocationRoutesDeps): Route[] => [
  route({
    method: 'get',
    path: '/internal/revocations',
    summary: 'Sessions that have ended and users who have changed, while tokens of before are still alive',
    permission: serviceRoute('they refuse tokens that say more than their user may by now'),
    audit: notAudited('reads by services are not changes'),
    query: revocationsQuery,
    response: revocationsSchema,
    handle: async ({ query, res }) => {
      res.set('Cache-Control', 'no-store');
      const now = clock();
      const oldest = new Date(now.getTime() - tokenLifetime * 1000 - slack);
      const asked = query.since === undefined ? oldest : new Date(query.since);
      const found = await read(asked < oldest ? oldest : asked);
      return { asOf: now.toISOString(), tokenLifetime, ...found };
    },
  }),
];
