import { timelineParams, timelineQuery, unifiedTimelineSchema } from '@pipedesk/contracts';
import { notAudited, type Route, route } from '@pipedesk/service-kit';
import { callerHeadersOf } from './source-call.ts';
import type { TimelineService } from './timeline.service.ts';

export const timelineRoutes = (service: TimelineService): Route[] => [
  route({
    method: 'get',
    path: '/timeline/:entityType/:entityId',
    summary: 'The whole history of a lead, deal, company or contact, newest first, with what is coming up',
    permission: 'timeline:read',
    audit: notAudited('reads of single pages are not changes'),
    params: timelineParams,
    query: timelineQuery,
    response: unifiedTimelineSchema,
    handle: (input) =>
      service.read(input.caller, callerHeadersOf(input), { ...input.params, ...input.query }),
  }),
];
