import type { TimelineItem, TimelineType } from '@pipedesk/contracts';
import type { Connection, Migration } from '@pipedesk/mongo';
import type { mongo } from 'mongoose';
import { upsertNewer, type Versioned } from '../projection/upsert-newer.ts';

const collectionName = 'timelineitems';

/** Sort before and behind every key. */
const startOfTime = '';
const endOfTime = '~';

/** One item on one record's timeline; `_id` names both. An item that left is kept as `deleted`, so that a late older version stays out. */
export interface PlacedTimelineItem extends Versioned {
  tenantId: string;
  entityType: TimelineType;
  entityId: string;
  key: string;
  deleted: boolean;
  item: TimelineItem;
}

export type TimelineItemRepository = ReturnType<typeof createTimelineItemRepository>;

export function createTimelineItemRepository(connection: Connection) {
  const collection = connection.collection(collectionName) as unknown as mongo.Collection<PlacedTimelineItem>;
  return {
    /** Newest first. @param before key that the page follows */
    async list(
      timeline: Pick<PlacedTimelineItem, 'tenantId' | 'entityType' | 'entityId'>,
      { before, limit }: { before: string | undefined; limit: number },
    ): Promise<TimelineItem[]> {
      const { tenantId, entityType, entityId } = timeline;
      // Always both bounds: until it has statistics, DocumentDB walks an index in order only for a range and sorts otherwise.
      const key = { $gte: startOfTime, $lt: before ?? endOfTime };
      const found = await collection
        .find({ tenantId, entityType, entityId, key, deleted: false }, { projection: { item: 1 } })
        .sort({ key: -1 })
        .limit(limit)
        .toArray();
      return found.map(({ item }) => item);
    },
    project: (items: PlacedTimelineItem[]): Promise<void> => upsertNewer(collection, items),
  };
}

export const timelineItemMigrations: Migration[] = [
  {
    id: '2026-11-22-timeline-item-index',
    up: (db) =>
      db
        .collection(collectionName)
        .createIndexes([{ name: 'timeline', key: { tenantId: 1, entityType: 1, entityId: 1, key: -1 } }]),
  },
];
