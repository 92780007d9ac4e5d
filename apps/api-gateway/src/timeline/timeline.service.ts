import { scopeFor, type TimelineType, type UnifiedTimeline } from '@pipedesk/contracts';
import { type Caller, subjectOfCaller, unavailable } from '@pipedesk/service-kit';
import { type LiveFeed, readLiveFeed } from './live-feed.ts';
import { type CallerHeaders, isRefusal, recordPaths, refusalOrUnavailable } from './source-call.ts';
import type { TimelineSources } from './sources.ts';
import { reportOf, type SourceReport, type Timed, timed } from './timed.ts';

export type TimelineService = ReturnType<typeof createTimelineService>;

interface TimelineDeps {
  sources: TimelineSources;
  clock: () => Date;
}

export interface TimelineRequest {
  entityType: TimelineType;
  entityId: string;
  limit: number;
  cursor?: string | undefined;
}

type Upcoming = Timed<{ items: UnifiedTimeline['upcoming'] }>;

const upcomingMeetings = 5;

/**
 * A customer's whole history in one answer. All sources are asked at once; crm's answer settles whether the caller may
 * see any of it; without the timeline service the same items come from the services that own them.
 */
export function createTimelineService({ sources, clock }: TimelineDeps) {
  function readUpcoming(caller: Caller, headers: CallerHeaders, request: TimelineRequest) {
    if (!scopeFor(subjectOfCaller(caller), 'calendar:read')) return undefined;
    const { entityType, entityId } = request;
    const from = clock().toISOString();
    const query = new URLSearchParams({ entityType, entityId, from, limit: String(upcomingMeetings) });
    return timed(sources.upcoming(`/calendar/events?${query.toString()}`, headers));
  }

  return {
    read: async (
      caller: Caller,
      headers: CallerHeaders,
      request: TimelineRequest,
    ): Promise<UnifiedTimeline> => {
      const { entityType, entityId } = request;
      const reading = {
        record: timed(sources.record(`${recordPaths[entityType]}/${entityId}`, headers)),
        page: timed(sources.page(pagePath(request), headers)),
        upcoming: readUpcoming(caller, headers, request),
      };
      const record = await reading.record;
      if (!record.ok) throw refusalOrUnavailable('crm', record.error);
      const page = await reading.page;
      if (!page.ok && isRefusal(page.error)) throw page.error;
      const live = page.ok
        ? undefined
        : await readLiveFeed(sources, headers, { ...request, tenantId: caller.tenantId });
      if (live) requireAnyFeed(live);
      const upcoming = await reading.upcoming;
      return {
        entity: record.value,
        upcoming: upcoming?.ok ? upcoming.value.items : [],
        ...(page.ok ? page.value : { items: live?.items ?? [], nextCursor: live?.nextCursor ?? null }),
        mode: live ? 'live' : 'projected',
        sources: reportsOf({ record, page, upcoming, live }),
      };
    },
  };
}

function pagePath({ entityType, entityId, limit, cursor }: TimelineRequest): string {
  const query = new URLSearchParams({ limit: String(limit), ...(cursor === undefined ? {} : { cursor }) });
  return `/timeline/${entityType}/${entityId}?${query.toString()}`;
}

/** An empty page with no source behind it would say that nothing ever happened. */
function requireAnyFeed({ feeds }: LiveFeed): void {
  if (Object.values(feeds).some(({ ok }) => ok)) return;
  throw unavailable('timeline_unavailable', {
    detail: 'Neither the timeline nor the services behind it can be asked just now. Try again shortly.',
  });
}

interface Calls {
  record: Timed<unknown>;
  page: Timed<unknown>;
  upcoming: Upcoming | undefined;
  live: LiveFeed | undefined;
}

function reportsOf({ record, page, upcoming, live }: Calls): Record<string, SourceReport> {
  const calendar = [...(upcoming ? [upcoming] : []), ...(live ? [live.feeds['calendar-sync']] : [])];
  return {
    crm: reportOf(record, ...(live ? [live.feeds.crm] : [])),
    timeline: reportOf(page),
    'calendar-sync': calendar.length > 0 ? reportOf(...calendar) : { status: 'skipped', ms: 0 },
    ...(live && { audit: reportOf(live.feeds.audit) }),
  };
}
