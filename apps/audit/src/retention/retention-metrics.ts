import type { Registry } from '@pipedesk/service-kit';
import { Counter } from 'prom-client';

export function createRetentionMetrics(registry: Registry) {
  return {
    refused: new Counter({
      name: 'pipedesk_audit_retention_refused_total',
      help: 'Times that a tenant’s retention settings or holds were not what its audit trail says they are',
      registers: [registry],
    }),
  };
}
