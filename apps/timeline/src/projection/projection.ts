import {
  type ChangeEvent,
  type PlacedItem,
  placeEvent,
  subjectOf,
  timelineTypeSchema,
} from '@pipedesk/contracts';
import type { Entity } from '../entities/entity.model.ts';
import { placeErased } from './erased-event.ts';
import type { PlacedTimelineItem } from '../timeline/timeline-item.model.ts';

/** What one event does to the projection. */
export interface Projected {
  items: PlacedTimelineItem[];
  entity: Entity | undefined;
}

/** It comes after the version whose values were erased, however often that is sent again, and before every newer one. */
const afterErasure = 0.5;

/** @throws ZodError when the event carries a note, task or meeting that is none */
export function projectEvent(event: ChangeEvent): Projected {
  if (event.erasureid !== undefined) return { items: itemsOfErased(event), entity: undefined };
  const placed = placeEvent(event);
  return { items: placed ? itemsOf(event, placed) : [], entity: entityOf(event) };
}

function itemsOf(
  { tenantid: tenantId, data }: ChangeEvent,
  { item, places }: PlacedItem,
): PlacedTimelineItem[] {
  const sourceId = item.key.slice(item.at.length + 1);
  return places.map(({ entityType, entityId, deleted }) => ({
    _id: `${entityId}~${sourceId}`,
    tenantId,
    entityType,
    entityId,
    key: item.key,
    version: data.version,
    deleted,
    item,
  }));
}

function itemsOfErased(event: ChangeEvent): PlacedTimelineItem[] {
  const placed = placeErased(event);
  const items = placed ? itemsOf(event, placed) : [];
  return items.map((item) => ({ ...item, version: item.version + afterErasure }));
}

function entityOf(event: ChangeEvent): Entity | undefined {
  const { entityType, entityId } = subjectOf(event);
  const type = timelineTypeSchema.safeParse(entityType).data;
  if (!type) return undefined;
  const { after, before, version, action } = event.data;
  const snapshot = after ?? before ?? {};
  return {
    _id: entityId,
    tenantId: event.tenantid,
    entityType: type,
    version,
    ownerId: textOrNull(snapshot.ownerId),
    teamId: textOrNull(snapshot.teamId),
    deleted: action === 'deleted',
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
