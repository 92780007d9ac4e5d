import {
  decide,
  type Owned,
  scopeFor,
  timelineReadPermission,
  type TimelineItem,
  type TimelineType,
  timelineTypeSchema,
  withholdChange,
} from '@pipedesk/contracts';
import type { TenantContext } from '../request-context.ts';

interface Source {
  entityType: TimelineType;
  entityId: string;
}

/** The present owners of records, by id; without those that are not known. */
export type OwnersOf = (sources: Source[]) => Promise<Map<string, Owned>>;

/**
 * A timeline shows changes of linked records too: a company's, those of its deals. Whoever may read the company need not
 * be allowed to read each deal; such changes stay, so that pages keep their size, without what they changed.
 */
export async function withholdUnreadable(
  context: TenantContext,
  items: TimelineItem[],
  ownersOf: OwnersOf,
): Promise<TimelineItem[]> {
  const sources = items.map((item) => doubtfulSource(context, item));
  const doubtful = sources.filter((source) => source !== undefined);
  if (doubtful.length === 0) return items;
  const owners = await ownersOf(doubtful);
  return items.map((item, index) => {
    const source = sources[index];
    return !source || mayRead(context, source, owners.get(source.entityId)) ? item : withholdChange(item);
  });
}

/** The record of a change whose readers depend on its owner; undefined where the role alone decides. */
function doubtfulSource({ subject }: TenantContext, { kind, source }: TimelineItem): Source | undefined {
  const entityType = timelineTypeSchema.safeParse(source.entityType).data;
  if (kind !== 'change' || !entityType) return undefined;
  const isForAll = scopeFor(subject, timelineReadPermission[entityType]) === 'all';
  return isForAll ? undefined : { entityType, entityId: source.entityId };
}

function mayRead({ subject }: TenantContext, { entityType }: Source, owner: Owned | undefined): boolean {
  return owner !== undefined && decide(subject, timelineReadPermission[entityType], owner);
}
