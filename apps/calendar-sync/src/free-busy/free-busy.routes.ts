import { freeBusyQuery, freeBusySchema } from '@pipedesk/contracts';
import { notAudited, type Route, route } from '@pipedesk/service-kit';
import type { FreeBusyService } from './free-busy.service.ts';

export const freeBusyRoutes = (service: FreeBusyService): Route[] => [
  route({
    method: 'get',
    path: '/calendar/freebusy',
    summary: 'When up to 50 users are busy, within at most 62 days; never with what',
    permission: 'free_busy:read',
    audit: notAudited('reads of single pages are not changes'),
    query: freeBusyQuery,
    response: freeBusySchema,
    handle: ({ context, query }) => service.read(context, query),
  }),
];
