import {
  placeEvent,
  timelineReadPermission,
  type TimelineItem,
  type TimelineType,
} from '@pipedesk/contracts';
import { tenantOf } from '@pipedesk/mongo';
import {
  authorize,
  notFound,
  type OwnersOf,
  type TenantContext,
  withholdUnreadable,
} from '@pipedesk/service-kit';
import type { AuditLogRepository } from '../audit-logs/audit-log.model.ts';
import { ownerUnknown } from '../audit-logs/audit-log.policy.ts';
import { eventOfLog } from '../audit-logs/audit-record.ts';
import type { RemovedRecords } from '../removals/removed-records.ts';

export type ActivityService = ReturnType<typeof createActivityService>;

interface ActivityDeps {
  logs: AuditLogRepository;
  removed: Pick<RemovedRecords, 'ofEntity'>;
}

/** The changes on a record's timeline, made from the logs by the very function the projection uses: the items are equal. */
export function createActivityService({ logs, removed }: ActivityDeps) {
  async function requireReadable(context: TenantContext, entityType: TimelineType, entityId: string) {
    const latest = await logs.latest(tenantOf(context), { entityType, entityId });
    const isRemoved = !latest && (await removed.ofEntity(tenantOf(context), entityType, entityId)) !== null;
    if (!isRemoved && (!latest || latest.action === 'deleted')) throw notFound(`${entityType}_not_found`);
    authorize(context, timelineReadPermission[entityType], latest ?? ownerUnknown);
  }

  function ownersIn(context: TenantContext): OwnersOf {
    return async (sources) => {
      const unique = [...new Map(sources.map((source) => [source.entityId, source])).values()];
      const latest = await Promise.all(
        unique.map(({ entityType, entityId }) => logs.latest(tenantOf(context), { entityType, entityId })),
      );
      return new Map(latest.flatMap((log) => (log ? [[log.entityId, log]] : [])));
    };
  }

  return {
    /** @throws ProblemError 404 for unknown, deleted and other tenants' records, 403 where the record may not be read */
    async of(
      context: TenantContext,
      entityType: TimelineType,
      entityId: string,
      { limit, before }: { limit: number; before?: string | undefined },
    ): Promise<{ items: TimelineItem[] }> {
      await requireReadable(context, entityType, entityId);
      const found = await logs.find(tenantOf(context), { places: entityId }, { after: before, limit });
      const items = found.flatMap((log) => placeEvent(eventOfLog(log))?.item ?? []);
      return { items: await withholdUnreadable(context, items, ownersIn(context)) };
    },
  };
}
