import { activityPage, activityQuery, timelineParams } from '@pipedesk/contracts';
import { notAudited, onBehalfOf, type Route, route } from '@pipedesk/service-kit';
import type { ActivityService } from './activity.service.ts';

/** For other services only: the gateway does not let `/internal` through. */
export const activityRoutes = (service: ActivityService): Route[] => [
  route({
    method: 'get',
    path: '/internal/activity/:entityType/:entityId',
    summary: 'Meetings of a record as timeline items, newest first',
    permission: 'timeline:read',
    audit: notAudited('reads of single pages are not changes'),
    params: timelineParams,
    query: activityQuery,
    response: activityPage,
    shows: 'timeline_item',
    handle: (input) => service.feed(input.context, onBehalfOf(input), { ...input.params, ...input.query }),
  }),
];
