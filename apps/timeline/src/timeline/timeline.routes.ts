import { timelinePage, timelineParams, timelineQuery } from '@pipedesk/contracts';
import { notAudited, type Route, route } from '@pipedesk/service-kit';
import type { TimelineService } from './timeline.service.ts';

export const timelineRoutes = (service: TimelineService): Route[] => [
  route({
    method: 'get',
    path: '/timeline/:entityType/:entityId',
    summary: 'The whole history of a lead, deal, company or contact, newest first',
    permission: 'timeline:read',
    audit: notAudited('reads of timelines are not changes'),
    params: timelineParams,
    query: timelineQuery,
    response: timelinePage,
    shows: 'timeline_item',
    handle: ({ context, params, query }) => service.read(context, params.entityType, params.entityId, query),
  }),
];
