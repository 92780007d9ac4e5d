import { type AsOf, type EntityType, eventId, type Snapshot, type VersionDiff } from '@pipedesk/contracts';
import { diffRecords, tenantOf } from '@pipedesk/mongo';
import { notFound, type TenantContext } from '@pipedesk/service-kit';
import type { AuditLog, AuditLogRepository, ReadLog } from '../audit-logs/audit-log.model.ts';
import type { AuditLogService } from '../audit-logs/audit-log.service.ts';
import { recordRemoved, type RemovedRecords } from '../removals/removed-records.ts';

export type VersionService = ReturnType<typeof createVersionService>;

interface VersionDeps {
  logs: AuditLogRepository;
  /** Who may read the changes of a record may read what it was after each of them. */
  auditLogs: Pick<AuditLogService, 'requireReadableEntity' | 'requireReadable'>;
  removed: Pick<RemovedRecords, 'ofVersion'>;
}

/** Sorts behind whatever keys have behind their time. */
const behindTime = '\x7f';

type Entity = Pick<AuditLog, 'entityType' | 'entityId'>;

/** A record at a time, and between two of its versions, told from its captured changes. */
export function createVersionService({ logs, auditLogs, removed }: VersionDeps) {
  /** @throws ProblemError 410 when the version was removed */
  async function refuseRemoved(tenantId: string, entity: Entity, version: number, meaning: string) {
    const removalId = await removed.ofVersion(tenantId, entity, version);
    if (removalId)
      throw recordRemoved(
        removalId,
        `Retention has removed version ${version} of this ${entity.entityType}${meaning}.`,
      );
  }

  async function versionOf(
    tenantId: string,
    entityType: EntityType,
    entityId: string,
    version: number,
  ): Promise<AuditLog> {
    const log = await logs.get(tenantId, eventId(entityType, entityId, version));
    if (log) return log;
    await refuseRemoved(tenantId, { entityType, entityId }, version, '');
    const latest = await logs.latest(tenantId, { entityType, entityId });
    throw notFound('version_not_found', {
      detail: `Audit has no version ${version} of this ${entityType}; its latest is ${latest?.version}.`,
      extra: { version, latestVersion: latest?.version },
    });
  }

  /** @throws ProblemError 404 saying since when there is something to tell, 410 when that is so since a removal */
  async function refuseEarlier(tenantId: string, entityType: EntityType, entityId: string): Promise<never> {
    const first = await logs.earliest(tenantId, { entityType, entityId });
    const isCreation = first?.version === 1;
    if (first && !isCreation)
      await refuseRemoved(
        tenantId,
        first,
        first.version - 1,
        `; what is left begins at ${first.time.toISOString()}`,
      );
    throw notFound(isCreation ? `${entityType}_not_yet_created` : `${entityType}_not_yet_captured`, {
      detail: `The first captured version of this ${entityType} is of ${first?.time.toISOString()}.`,
      extra: { firstVersion: first?.version, firstTime: first?.time.toISOString() },
    });
  }

  return {
    /** The record as it was when `at` ended. @throws ProblemError 404 for a time before its first version, 410 where a removed one may be it, 403 */
    async asOf(context: TenantContext, entityType: EntityType, entityId: string, at: string): Promise<AsOf> {
      await auditLogs.requireReadableEntity(context, entityType, entityId);
      const tenantId = tenantOf(context);
      const [log] = await logs.find(
        tenantId,
        { entityType, entityId },
        { to: `${at}${behindTime}`, limit: 1 },
      );
      if (!log) return refuseEarlier(tenantId, entityType, entityId);
      await auditLogs.requireReadable(context, log);
      // When a removed version was made is gone with it: it may have been before that time.
      await refuseRemoved(
        tenantId,
        log,
        log.version + 1,
        ', so that nobody knows whether it was made by then',
      );
      const { version, time, actor } = log;
      return {
        entityType,
        entityId,
        at,
        version,
        since: time.toISOString(),
        actor,
        deleted: isDeletion(log),
        state: stateAt(log),
      };
    },

    /** @throws ProblemError 404 `version_not_found`, 410 for a removed one, 403 */
    async diff(
      context: TenantContext,
      entityType: EntityType,
      entityId: string,
      range: { from: number; to: number },
    ): Promise<VersionDiff> {
      await auditLogs.requireReadableEntity(context, entityType, entityId);
      const tenantId = tenantOf(context);
      const [from, to] = await Promise.all([
        versionOf(tenantId, entityType, entityId, range.from),
        versionOf(tenantId, entityType, entityId, range.to),
      ]);
      for (const log of [from, to]) await auditLogs.requireReadable(context, log);
      const changes = diffRecords(withoutBookkeeping(stateAt(from)), withoutBookkeeping(stateAt(to)));
      return { entityType, entityId, from: pointOf(from), to: pointOf(to), changes };
    },
  };
}

/** After a deletion the record is what it was before it. */
function stateAt({ before, after }: ReadLog): Snapshot {
  return after ?? before ?? {};
}

function isDeletion({ action }: ReadLog): boolean {
  return action === 'deleted';
}

function pointOf(log: ReadLog) {
  return { version: log.version, time: log.time.toISOString(), deleted: isDeletion(log) };
}

/** Every version changes these; no diff needs to say so. */
const bookkeeping = new Set(['version', 'updatedAt']);

function withoutBookkeeping(state: Snapshot): Snapshot {
  return Object.fromEntries(Object.entries(state).filter(([field]) => !bookkeeping.has(field)));
}
