import type { TimelineItem, TimelineType } from '@pipedesk/contracts';
import { decodeCursor, encodeCursor, timelineBinding } from '@pipedesk/service-kit';
import type { CallerHeaders } from './source-call.ts';
import { type FeedName, feedNames, type TimelineSources } from './sources.ts';
import { type Timed, timed } from './timed.ts';

interface LiveRequest {
  tenantId: string;
  entityType: TimelineType;
  entityId: string;
  limit: number;
  cursor?: string | undefined;
}

export interface LiveFeed {
  items: TimelineItem[];
  nextCursor: string | null;
  feeds: Record<FeedName, Timed<{ items: TimelineItem[] }>>;
}

const largestLimit = 100;

/**
 * The page that the timeline service would have given, merged from the feeds of the services that own its items. The
 * cursor is the timeline's own, so a client may begin a history in one mode and go on in the other.
 */
export async function readLiveFeed(
  sources: TimelineSources,
  caller: CallerHeaders,
  request: LiveRequest,
): Promise<LiveFeed> {
  const { tenantId, entityType, entityId, limit, cursor } = request;
  const binding = timelineBinding(tenantId, entityType, entityId);
  const before = cursor === undefined ? undefined : decodeCursor(binding, cursor);
  // One more than a page from each: enough to merge a page of, and to know whether there is another.
  const asked = Math.min(limit + 1, largestLimit);
  const query = new URLSearchParams({ limit: String(asked), ...(before === undefined ? {} : { before }) });
  const path = `/internal/activity/${entityType}/${entityId}?${query.toString()}`;
  const results = await Promise.all(feedNames.map((name) => timed(sources.feeds[name](path, caller))));
  const pages = results.map((result) => (result.ok ? result.value.items : []));

  const merged = mergeByKey(pages);
  const items = merged.slice(0, limit);
  const last = items.at(-1);
  const hasMore = merged.length > limit || (asked <= limit && pages.some(({ length }) => length === asked));
  return {
    items,
    nextCursor: hasMore && last ? encodeCursor(binding, last.key) : null,
    feeds: Object.fromEntries(feedNames.map((name, index) => [name, results[index]])) as LiveFeed['feeds'],
  };
}

/** Newest first, by the same order as the database's: keys are ASCII. */
function mergeByKey(pages: TimelineItem[][]): TimelineItem[] {
  const byKey = new Map(pages.flat().map((item) => [item.key, item]));
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? 1 : -1));
}
