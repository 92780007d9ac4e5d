import type { TimelineType } from '@pipedesk/contracts';
import { createServiceClient, notFound, type OnBehalfOf, type Registry } from '@pipedesk/service-kit';

export interface CrmClient {
  /**
   * Resolves when the record exists and the caller may read it.
   * @throws ProblemError crm's own 401, 403 or 404; 503 `crm_unavailable` when crm cannot tell
   */
  requireReadable(onBehalfOf: OnBehalfOf, entityType: TimelineType, entityId: string): Promise<void>;
}

const paths: Record<TimelineType, string> = {
  lead: 'leads',
  deal: 'deals',
  company: 'companies',
  contact: 'contacts',
};

export function createCrmClient({ url, metrics }: { url: string; metrics: Registry }): CrmClient {
  const ask = createServiceClient({
    name: 'crm',
    url,
    metrics,
    read: () => undefined,
    notThere: () => notFound('record_not_found', { detail: 'There is no record with this id.' }),
    outage: { code: 'crm_unavailable', detail: 'Records cannot be looked up just now. Try again shortly.' },
  });
  return {
    requireReadable: (onBehalfOf, entityType, entityId) =>
      ask(onBehalfOf, `/${paths[entityType]}/${entityId}`),
  };
}
