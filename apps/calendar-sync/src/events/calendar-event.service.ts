import type {
  CalendarEvent,
  CalendarEventPatch,
  calendarListQuery,
  NewCalendarEvent,
  Page,
} from '@pipedesk/contracts';
import {
  authorize,
  type OnBehalfOf,
  permittedFilter,
  ProblemError,
  type TenantContext,
  unprocessable,
} from '@pipedesk/service-kit';
import type { z } from 'zod';
import type { CrmClient } from '../crm/crm-client.ts';
import { type CalendarEventRepository, startKey } from './calendar-event.model.ts';
import { addedLinks, requireOrder } from './calendar-event.policy.ts';

export type CalendarEventService = ReturnType<typeof createCalendarEventService>;

type CalendarListQuery = z.output<typeof calendarListQuery>;
type EventLink = CalendarEvent['links'][number];

interface WriteOptions {
  ifMatch: number | undefined;
}

interface CalendarEventDeps {
  events: CalendarEventRepository;
  crm: CrmClient;
}

export function createCalendarEventService({ events, crm }: CalendarEventDeps) {
  const may = (context: TenantContext, action: 'read' | 'write') => (event: CalendarEvent) =>
    authorize(context, `calendar:${action}`, event);

  /** @throws ProblemError 422 `link_not_found` naming the link; 503 when crm cannot tell */
  async function requireLinks(
    caller: OnBehalfOf,
    links: { link: EventLink; index: number }[],
  ): Promise<void> {
    await Promise.all(
      links.map(({ link, index }) =>
        crm.requireReadable(caller, link.entityType, link.entityId).catch((error: unknown) => {
          throw isHidden(error) ? linkNotFound(link, index) : error;
        }),
      ),
    );
  }

  async function get(context: TenantContext, id: string): Promise<CalendarEvent> {
    const event = await events.get(context, id);
    may(context, 'read')(event);
    return event;
  }

  return {
    get,
    create: async (
      context: TenantContext,
      caller: OnBehalfOf,
      fields: NewCalendarEvent,
      idempotencyKey?: string,
    ): Promise<CalendarEvent> => {
      await requireLinks(caller, addedLinks([], fields.links));
      const { userId, teamId } = context.subject;
      const owned = { ...fields, organizerName: context.actor.name, ownerId: userId, teamId };
      const { record } = await events.create(context, owned, { idempotencyKey });
      return record;
    },
    list: (context: TenantContext, query: CalendarListQuery): Promise<Page<CalendarEvent>> => {
      const { limit, cursor, ...wanted } = query;
      return events.list(context, {
        limit,
        cursor,
        filter: { ...filterOf(wanted), ...permittedFilter(context, 'calendar:read') },
        orderBy: startKey,
        direction: 'ascending',
      });
    },
    change: async (
      context: TenantContext,
      caller: OnBehalfOf,
      id: string,
      { ifMatch }: WriteOptions,
      patch: CalendarEventPatch,
    ): Promise<CalendarEvent> => {
      if (patch.links) {
        const { links } = await get(context, id);
        await requireLinks(caller, addedLinks(links, patch.links));
      }
      return events.change(
        context,
        id,
        { expectedVersion: ifMatch, authorize: may(context, 'write') },
        (event) => {
          Object.assign(event, patch);
          requireOrder(event);
        },
      );
    },
    remove: async (context: TenantContext, id: string, { ifMatch }: WriteOptions): Promise<void> => {
      await events.remove(context, id, { expectedVersion: ifMatch, authorize: may(context, 'write') });
    },
  };
}

/** `from` and `to` bound the sort key, which begins with the start time. */
function filterOf({ from, to, entityType, entityId }: Omit<CalendarListQuery, 'limit' | 'cursor'>) {
  const isBounded = from !== undefined || to !== undefined;
  return {
    ...(isBounded && { [startKey]: { ...(from && { $gte: from }), ...(to && { $lt: to }) } }),
    ...(entityType && { links: { $elemMatch: { entityType, entityId } } }),
  };
}

/** A record that is not there and one that the caller may not read look alike. */
function isHidden(error: unknown): boolean {
  return error instanceof ProblemError && (error.status === 404 || error.status === 403);
}

function linkNotFound({ entityType }: EventLink, index: number): ProblemError {
  return unprocessable('link_not_found', {
    detail: `There is no ${entityType} with this id that you may read.`,
    errors: [{ in: 'body', path: `links.${index}.entityId`, message: `names no ${entityType}` }],
  });
}
