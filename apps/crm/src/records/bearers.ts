import type { Link, Page, TimelineType } from '@pipedesk/contracts';
import type { TenantContext } from '@pipedesk/service-kit';
import type { OwnedRecord, OwnedRecords, PageRequest } from './owned-records.ts';

/** The records that bear notes and tasks: who may read one may read what it bears. */
export type Bearers = Record<TimelineType, Pick<OwnedRecords<OwnedRecord>, 'get' | 'requireReference'>>;

export interface Bearer {
  entityType: TimelineType;
  entityId: string;
}

export interface Before {
  /** A timeline key; items stand before it. */
  before?: string | undefined;
  limit: number;
}

interface MaybeBorne {
  entityType?: TimelineType | null;
  entityId?: string | null;
}

/** The record that another is about, where it is about one. */
export function bearerOf({ entityType, entityId }: MaybeBorne): Bearer | undefined {
  return entityType && entityId ? { entityType, entityId } : undefined;
}

/** What is borne stands on its bearer's timeline. */
export function bearerLink(borne: MaybeBorne): Link[] {
  const bearer = bearerOf(borne);
  return bearer ? [bearer] : [];
}

/** For lists and live feeds of what a record bears. */
export const bearerIndexes = [
  { key: { tenantId: 1, entityType: 1, entityId: 1, _id: -1 }, name: 'tenant_record' },
  { key: { tenantId: 1, entityType: 1, entityId: 1, _key: -1 }, name: 'tenant_record_key' },
] as const;

/** What a record bears before a timeline key, newest first, for whoever may read the record. */
export function createNewestOn<R>(
  bearers: Bearers,
  list: (context: TenantContext, filter: Record<string, unknown>, page: PageRequest) => Promise<Page<R>>,
) {
  return async (
    context: TenantContext,
    { entityType, entityId }: Bearer,
    { before, limit }: Before,
  ): Promise<R[]> => {
    await bearers[entityType].get(context, entityId);
    const older = before === undefined ? {} : { _key: { $lt: before } };
    const { items } = await list(context, { entityType, entityId, ...older }, { limit, orderBy: '_key' });
    return items;
  };
}
