import { activityPage, activityQuery, timelineParams } from '@pipedesk/contracts';
import { notAudited, type Route, route } from '@pipedesk/service-kit';
import { type Activity, mergeActivities } from './activity.ts';

/** What a record bears as timeline items: one of the feeds the gateway merges while the projection is down. */
export function activityRoutes(activities: Activity[]): Route[] {
  const activity = mergeActivities(activities);
  return [
    route({
      method: 'get',
      path: '/internal/activity/:entityType/:entityId',
      summary: 'Notes and tasks of a record as timeline items',
      permission: 'timeline:read',
      audit: notAudited('reads of single pages are not changes'),
      params: timelineParams,
      query: activityQuery,
      response: activityPage,
      shows: 'timeline_item',
      handle: async ({ context, params, query }) => ({ items: await activity(context, params, query) }),
    }),
  ];
}
