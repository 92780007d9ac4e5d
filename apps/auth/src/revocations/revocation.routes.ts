import { revocationsQuery, revocationsSchema } from '@pipedesk/contracts';
import { notAudited, type Route, route, serviceRoute } from '@pipedesk/service-kit';
import type { RevocationReader } from './revocation.reader.ts';

interface RevocationRoutesDeps {
  reader: RevocationReader;
  /** Of an access token, seconds. */
  tokenLifetime: number;
  clock: () => Date;
}

/** A write's own time is a little older than its commit, ms. */
const slack = 60_000;

export const revocationRoutes = ({ reader, tokenLifetime, clock }: RevocationRoutesDeps): Route[] => [
  route({
    method: 'get',
    path: '/internal/revocations',
    summary:
      'What has ended and who has changed while tokens of before are still alive, and rights beside roles',
    permission: serviceRoute('they refuse tokens that say more than their user may by now'),
    audit: notAudited('reads by services are not changes'),
    query: revocationsQuery,
    response: revocationsSchema,
    handle: async ({ query, res }) => {
      res.set('Cache-Control', 'no-store');
      const now = clock();
      const oldest = new Date(now.getTime() - tokenLifetime * 1000 - slack);
      const asked = query.since === undefined ? oldest : new Date(query.since);
      const [revoked, rights] = await Promise.all([
        reader.revoked(asked < oldest ? oldest : asked),
        // However old: a right is not over with the tokens of its time.
        reader.rights(query.since === undefined ? undefined : asked),
      ]);
      return { asOf: now.toISOString(), tokenLifetime, ...revoked, ...rights };
    },
  }),
];
