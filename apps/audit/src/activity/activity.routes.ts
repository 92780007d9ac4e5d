import { activityPage, activityQuery, timelineParams } from '@pipedesk/contracts';
import { notAudited, type Route, route } from '@pipedesk/service-kit';
import type { ActivityService } from './activity.service.ts';

export const activityRoutes = (service: ActivityService): Route[] => [
  route({
    method: 'get',
    path: '/internal/activity/:entityType/:entityId',
    summary: 'The changes on the timeline of a record, newest first, for a live timeline',
    permission: 'timeline:read',
    audit: notAudited('reads of timelines are not changes'),
    params: timelineParams,
    query: activityQuery,
    response: activityPage,
    shows: 'timeline_item',
    handle: ({ context, params, query }) => service.of(context, params.entityType, params.entityId, query),
  }),
];
