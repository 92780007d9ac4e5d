import type { TenantContext } from '@pipedesk/service-kit';

/** @throws Error when a data access has no tenant: a defect that must never turn into "all tenants" */
export function tenantOf(context: TenantContext): string {
  if (!context.tenantId) throw new Error('data access without a tenant');
  return context.tenantId;
}
