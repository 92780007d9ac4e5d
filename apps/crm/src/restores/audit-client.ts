import { type AuditRecord, auditRecordSchema, type EntityType, eventId } from '@pipedesk/contracts';
import { createServiceClient, notFound, type OnBehalfOf, type Registry } from '@pipedesk/service-kit';

export interface AuditClient {
  /**
   * What audit has of one version, when the caller may read it there.
   * @throws ProblemError audit's own 401 or 403; 404 `version_not_found`; 503 `audit_unavailable` when audit cannot tell
   */
  versionOf(
    onBehalfOf: OnBehalfOf,
    entityType: EntityType,
    entityId: string,
    version: number,
  ): Promise<AuditRecord>;
}

export function createAuditClient({ url, metrics }: { url: string; metrics: Registry }): AuditClient {
  const ask = createServiceClient({
    name: 'audit',
    url,
    metrics,
    read: (body) => auditRecordSchema.parse(JSON.parse(body)),
    notThere: () => notFound('version_not_found', { detail: 'Audit has no such version of this record.' }),
    outage: {
      code: 'audit_unavailable',
      detail: 'Earlier versions cannot be looked up just now. Try again shortly.',
    },
  });
  return {
    versionOf: (onBehalfOf, entityType, entityId, version) =>
      ask(onBehalfOf, `/audit-logs/${eventId(entityType, entityId, version)}`),
  };
}
