import type { BusySpan, FreeBusy, FreeBusyQuery } from '@pipedesk/contracts';
import { permittedFilter, type TenantContext } from '@pipedesk/service-kit';
import { type CalendarEventRepository, endKey } from '../events/calendar-event.model.ts';
import { busySpans } from './busy-spans.ts';

export type FreeBusyService = ReturnType<typeof createFreeBusyService>;

/** Meetings read at once; whoever has more within the span is read in several pieces. */
const pieceSize = 500;

export function createFreeBusyService({ events }: { events: CalendarEventRepository }) {
  /** Meetings of a user's that end after `from` and begin before `to`. */
  async function meetingsOf(context: TenantContext, userId: string, { from, to }: FreeBusyQuery) {
    // The key begins with the end: one that ends at `from` itself sorts behind it, and is cut to nothing.
    const filter = {
      ...permittedFilter(context, 'free_busy:read'),
      ownerId: userId,
      [endKey]: { $gt: from },
      startsAt: { $lt: to },
    };
    const meetings: BusySpan[] = [];
    let cursor: string | undefined;
    do {
      const request = { filter, limit: pieceSize, cursor, orderBy: endKey, direction: 'ascending' as const };
      const page = await events.list(context, request);
      meetings.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return meetings;
  }

  return {
    /** Users of other tenants have no meetings here, like users that do not exist: nobody learns which. */
    read: async (context: TenantContext, query: FreeBusyQuery): Promise<FreeBusy> => {
      const { from, to, userIds } = query;
      const users = await Promise.all(
        userIds.map(async (userId) => ({
          userId,
          busy: busySpans(await meetingsOf(context, userId, query), { from, to }),
        })),
      );
      return { from, to, users };
    },
  };
}
