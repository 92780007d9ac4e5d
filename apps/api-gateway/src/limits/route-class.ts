import type { RouteClass } from './rate-limits.ts';

/** What a request costs: imports and exports work for seconds, writes leave events, reads are cheap. */
export function routeClassOf(method: string, path: string): RouteClass {
  if (isBulk(method, path)) return 'bulk';
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write';
}

const bulkAuditPaths = new Set(['/audit-logs/export', '/audit-logs/report']);

/** Asking how an import goes on is a read like any other. */
function isBulk(method: string, path: string): boolean {
  if (path.startsWith('/exports') || bulkAuditPaths.has(path)) return true;
  return path.startsWith('/imports') && method !== 'GET' && method !== 'HEAD';
}
