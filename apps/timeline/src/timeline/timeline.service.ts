import { type Page, timelineReadPermission, type TimelineItem, type TimelineType } from '@pipedesk/contracts';
import { tenantOf } from '@pipedesk/mongo';
import {
  authorize,
  decodeCursor,
  notFound,
  type OwnersOf,
  pageFrom,
  type TenantContext,
  timelineBinding,
  withholdUnreadable,
} from '@pipedesk/service-kit';
import type { EntityRepository } from '../entities/entity.model.ts';
import type { TimelineItemRepository } from './timeline-item.model.ts';

export type TimelineService = ReturnType<typeof createTimelineService>;

interface TimelineDeps {
  items: TimelineItemRepository;
  entities: EntityRepository;
}

export function createTimelineService({ items, entities }: TimelineDeps) {
  async function requireReadable(context: TenantContext, entityType: TimelineType, entityId: string) {
    const entity = await entities.find(tenantOf(context), entityType, entityId);
    if (!entity || entity.deleted)
      throw notFound(`${entityType}_not_found`, { detail: `There is no ${entityType} with this id.` });
    authorize(context, timelineReadPermission[entityType], entity);
  }

  const ownersIn =
    (tenantId: string): OwnersOf =>
    (sources) =>
      entities.ownersOf(
        tenantId,
        sources.map(({ entityId }) => entityId),
      );

  return {
    /** @throws ProblemError 404 for unknown, deleted and other tenants' records, 403 where the record may not be read */
    async read(
      context: TenantContext,
      entityType: TimelineType,
      entityId: string,
      { limit, cursor }: { limit: number; cursor?: string | undefined },
    ): Promise<Page<TimelineItem>> {
      const tenantId = tenantOf(context);
      const binding = timelineBinding(tenantId, entityType, entityId);
      const before = cursor === undefined ? undefined : decodeCursor(binding, cursor);
      await requireReadable(context, entityType, entityId);
      const found = await items.list({ tenantId, entityType, entityId }, { before, limit: limit + 1 });
      const page = pageFrom(found, limit, binding, ({ key }) => key);
      return { ...page, items: await withholdUnreadable(context, page.items, ownersIn(tenantId)) };
    },
  };
}
