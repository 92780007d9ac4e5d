import { meetingItem, type TimelineItem, type TimelineType } from '@pipedesk/contracts';
import type { OnBehalfOf, TenantContext } from '@pipedesk/service-kit';
import type { CrmClient } from '../crm/crm-client.ts';
import { type CalendarEventRepository, startKey } from '../events/calendar-event.model.ts';

export type ActivityService = ReturnType<typeof createActivityService>;

interface ActivityDeps {
  events: CalendarEventRepository;
  crm: CrmClient;
}

interface ActivityRequest {
  entityType: TimelineType;
  entityId: string;
  limit: number;
  /** A timeline key; items stand before it. */
  before?: string | undefined;
}

/** The meetings of one record, as its timeline shows them. Whoever may read the record may read its timeline. */
export function createActivityService({ events, crm }: ActivityDeps) {
  return {
    feed: async (
      context: TenantContext,
      caller: OnBehalfOf,
      { entityType, entityId, limit, before }: ActivityRequest,
    ): Promise<{ items: TimelineItem[] }> => {
      await crm.requireReadable(caller, entityType, entityId);
      const { items } = await events.list(context, {
        limit,
        filter: {
          links: { $elemMatch: { entityType, entityId } },
          ...(before && { [startKey]: { $lt: before } }),
        },
        orderBy: startKey,
        direction: 'descending',
      });
      return { items: items.map(meetingItem) };
    },
  };
}
