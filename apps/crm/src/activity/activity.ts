import type { TimelineItem } from '@pipedesk/contracts';
import type { TenantContext } from '@pipedesk/service-kit';
import type { Bearer, Before } from '../records/bearers.ts';

/** What records of one kind put on a record's timeline, newest first. */
export type Activity = (context: TenantContext, bearer: Bearer, before: Before) => Promise<TimelineItem[]>;

interface Borne<R> {
  newest(context: TenantContext, bearer: Bearer, before: Before): Promise<R[]>;
}

export function activityOf<R>(service: Borne<R>, itemOf: (record: R) => TimelineItem): Activity {
  return async (...request) => (await service.newest(...request)).map(itemOf);
}

/** Several as one: each gives as many as may be asked for, so that none of the newest is missing. */
export function mergeActivities(activities: Activity[]): Activity {
  return async (context, bearer, before) => {
    const found = await Promise.all(activities.map((activity) => activity(context, bearer, before)));
    return found
      .flat()
      .sort((a, b) => (a.key < b.key ? 1 : -1))
      .slice(0, before.limit);
  };
}
