import { platformTenantId, type RefusalReport } from '@pipedesk/contracts';
import { auditedIndexes, createAuditedRepository, type Migration, type RecordBase } from '@pipedesk/mongo';
import type { Logger, TenantContext } from '@pipedesk/service-kit';
import type { StoreDeps } from '../store-deps.ts';

const collection = 'access_refusals';

/** Callers who were not believed, as one record per reason, network and report of a process. */
interface AccessRefusal
  extends RecordBase, Omit<RefusalReport, 'id' | 'tenantId' | 'ip' | 'userAgent' | 'requestId'> {}

/** Keeps reports, each once however often it comes. */
export type KeepRefusals = (reports: RefusalReport[]) => Promise<void>;

export function createAccessRefusals(deps: StoreDeps, log: Logger): KeepRefusals {
  const refusals = createAuditedRepository<AccessRefusal>({
    ...deps,
    entityType: 'access_refusal',
    collection,
    fields: {
      reason: { type: String, required: true },
      network: { type: String, required: true },
      count: { type: Number, required: true },
      firstAt: { type: Date, required: true },
      lastAt: { type: Date, required: true },
      service: { type: String, required: true },
      path: { type: String, required: true },
      userId: { type: String, default: null },
      sessionId: { type: String, default: null },
    },
  });
  return async (reports) => {
    for (const report of reports) {
      const { id, tenantId, requestId, reason, network, count, service } = report;
      const { firstAt, lastAt, path, userId, sessionId } = report;
      const fields = { reason, network, count, firstAt, lastAt, service, path, userId, sessionId };
      await refusals.create(contextOf(report), fields, { id });
      const tenant = tenantId === platformTenantId ? {} : { tenantId };
      log.warn({ ...tenant, reason, network, count, service, requestId }, 'access refused');
    }
  };
}

/** Whoever tried is not known, or at least was not believed: the service that refused is named. */
function contextOf({ tenantId, service, ip, userAgent, requestId }: RefusalReport): TenantContext {
  return {
    tenantId,
    subject: { userId: service, role: 'viewer', teamId: null },
    actor: { type: 'system', id: service, name: service, role: null },
    context: { ip, userAgent, requestId, apiKeyId: null, operationId: null, source: service },
  };
}

export const accessRefusalMigrations: Migration[] = [
  {
    id: '2026-11-26-access-refusal-indexes',
    up: (db) => db.collection(collection).createIndexes([...auditedIndexes]),
  },
];
