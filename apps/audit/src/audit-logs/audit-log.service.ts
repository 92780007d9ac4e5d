import {
  type AuditListQuery,
  type AuditRecord,
  decide,
  type EntityType,
  entityTypeSchema,
  type Owned,
  type Page,
  scopeFor,
} from '@pipedesk/contracts';
import {
  authorize,
  type CursorBinding,
  decodeCursor,
  notFound,
  pageFrom,
  refusal,
  type TenantContext,
} from '@pipedesk/service-kit';
import { tenantOf } from '@pipedesk/mongo';
import type { AuditLogRepository, ReadLog } from './audit-log.model.ts';
import type { AccessLog } from '../access/access-log.ts';
import { entityOf } from '../removals/expired.ts';
import { recordRemoved, type RemovedRecords } from '../removals/removed-records.ts';
import { filterOf } from './audit-log.filters.ts';
import { ownerUnknown } from './audit-log.policy.ts';
import type { LogFilter } from './audit-log.query.ts';
import { toAuditRecord } from './audit-record.ts';

/** True for roles that read what they did themselves and nothing else. */
function isConfinedToOwnDeeds({ subject }: TenantContext): boolean {
  return scopeFor(subject, 'audit:read') === 'own';
}

const countOf = ({ items }: Page<AuditRecord>): number => items.length;

export type AuditLogService = ReturnType<typeof createAuditLogService>;

interface PageRequest {
  limit: number;
  cursor?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

interface AuditLogDeps {
  logs: AuditLogRepository;
  access: AccessLog;
  removed: Pick<RemovedRecords, 'of' | 'ofEntity'>;
}

/**
 * Who may read which logs: those of an entity follow its latest owner and team; those of a user belong to that user
 * and, for managers, to the user's present team. One log may be read by whoever may read either of the two lists. Whose
 * scope is their own reads their own deeds only: what colleagues did, and from where, is none of their business.
 */
export function createAuditLogService({ logs, access, removed }: AuditLogDeps) {
  /** What reads a page of a list. @throws ProblemError 400 for a cursor of another list */
  function pageOf(
    list: string,
    context: TenantContext,
    filter: LogFilter,
    { limit, cursor, from, to }: PageRequest,
  ): () => Promise<Page<AuditRecord>> {
    const tenantId = tenantOf(context);
    const binding: CursorBinding = [list, tenantId, filter, from, to];
    const after = cursor === undefined ? undefined : decodeCursor(binding, cursor);
    return async () => {
      const rows = await logs.find(tenantId, filter, { from, to, after, limit: limit + 1 });
      const found = pageFrom(rows, limit, binding, ({ key }) => key);
      return { ...found, items: found.items.map(toAuditRecord) };
    };
  }

  /** undefined for an entity that has no logs in this tenant. */
  async function ownerOf(
    context: TenantContext,
    entityType: EntityType,
    entityId: string,
  ): Promise<Owned | undefined> {
    const latest = await logs.latest(tenantOf(context), { entityType, entityId });
    return latest ? { ownerId: latest.ownerId, teamId: latest.teamId } : undefined;
  }

  /** A user is known by logs of their account or, for accounts older than audit, by what they did. */
  async function ownerOfDeeds(context: TenantContext, userId: string): Promise<Owned | undefined> {
    const [account, isKnown] = await Promise.all([
      ownerOf(context, 'user', userId),
      userId === context.subject.userId || logs.latest(tenantOf(context), { 'actor.id': userId }),
    ]);
    if (account) return account;
    return isKnown ? { ownerId: userId, teamId: null } : undefined;
  }

  /** @throws ProblemError 404 for an entity without logs in this tenant, 410 when all were removed, 403 outside the caller's scope */
  async function requireReadableEntity(context: TenantContext, entityType: EntityType, entityId: string) {
    const owner = await ownerOf(context, entityType, entityId);
    if (owner) return authorize(context, 'audit:read', owner);
    const removalId = await removed.ofEntity(tenantOf(context), entityType, entityId);
    if (!removalId) throw notFound(`${entityType}_not_found`, { detail: 'Audit knows no such record.' });
    authorize(context, 'audit:read', ownerUnknown);
    throw recordRemoved(removalId, `Retention has removed every version of this ${entityType}.`);
  }

  /** @throws ProblemError 410 when the log was removed, 403 outside the caller's scope over what is left of its entity */
  async function refuseRemoved(context: TenantContext, id: string): Promise<void> {
    const removalId = await removed.of(tenantOf(context), id);
    if (!removalId) return;
    const { entityType, entityId } = entityOf(id);
    const owner = await ownerOf(context, entityTypeSchema.parse(entityType), entityId);
    authorize(context, 'audit:read', owner ?? ownerUnknown);
    throw recordRemoved(removalId, 'Retention has removed this audit record.');
  }

  /** @throws ProblemError 403 */
  async function requireReadable(context: TenantContext, log: ReadLog): Promise<void> {
    // Owners make no difference: this one proves that the tenant has the entity.
    if (scopeFor(context.subject, 'audit:read') === 'all') return;
    const owners = await Promise.all([
      isConfinedToOwnDeeds(context) ? undefined : ownerOf(context, log.entityType, log.entityId),
      ownerOfDeeds(context, log.actor.id),
    ]);
    if (owners.some((owner) => owner && decide(context.subject, 'audit:read', owner))) return;
    throw refusal(context.subject, 'audit:read');
  }

  return {
    /** Every log of the tenant; the role alone decides. Leaves a record of the query. */
    async list(context: TenantContext, query: AuditListQuery): Promise<Page<AuditRecord>> {
      const readPage = pageOf('audit-logs', context, filterOf(query), query);
      return access.record(context, { kind: 'list', query }, readPage, countOf);
    },

    requireReadableEntity,
    requireReadable,

    /** @throws ProblemError 404 for an entity without logs in this tenant, 403 outside the caller's scope */
    async ofEntity(context: TenantContext, entityType: EntityType, entityId: string, request: PageRequest) {
      await requireReadableEntity(context, entityType, entityId);
      const deeds = isConfinedToOwnDeeds(context) ? { 'actor.id': context.subject.userId } : {};
      return pageOf('audit-logs of entity', context, { entityType, entityId, ...deeds }, request)();
    },

    /** What a user did; asking about others leaves a record. @throws ProblemError 404 for a user unknown to this tenant, 403 outside the caller's scope */
    async ofUser(context: TenantContext, userId: string, request: PageRequest) {
      const owner = await ownerOfDeeds(context, userId);
      if (!owner) throw notFound('user_not_found', { detail: 'Audit knows no such user.' });
      authorize(context, 'audit:read', owner);
      const readPage = pageOf('audit-logs of user', context, { 'actor.id': userId }, request);
      const isOwn = userId === context.subject.userId;
      if (isOwn) return readPage();
      return access.record(context, { kind: 'user', query: { userId, ...request } }, readPage, countOf);
    },

    /** @throws ProblemError 404 for another tenant's log as well, 410 for a removed one, 403 outside the caller's scope */
    async get(context: TenantContext, id: string): Promise<AuditRecord> {
      const log = await logs.get(tenantOf(context), id);
      if (!log) await refuseRemoved(context, id);
      if (!log)
        throw notFound('audit_record_not_found', { detail: 'There is no audit record with this id.' });
      await requireReadable(context, log);
      return toAuditRecord(log);
    },
  };
}
