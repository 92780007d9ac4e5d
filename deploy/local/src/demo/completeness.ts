import { auditPage, type AuditRecord, dealSchema } from '@pipedesk/contracts';
import type { ApiClient } from '../api-client.ts';

/** Every audit record of a list, page by page. */
export async function readAudit(api: ApiClient, path: string): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  const separator = path.includes('?') ? '&' : '?';
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page = await api.expect('GET', `${path}${separator}limit=100${query}`, auditPage);
    records.push(...page.items);
    cursor = page.nextCursor;
  }
  return records;
}

/** The deals whose audit versions are not exactly 1..version; none is what is promised. */
export async function incompleteDeals(api: ApiClient, dealIds: string[]): Promise<string[]> {
  const incomplete: string[] = [];
  for (const id of dealIds) {
    const { version } = await api.expect('GET', `/deals/${id}`, dealSchema);
    const versions = (await readAudit(api, `/audit-logs/entity/deal/${id}`))
      .map((record) => record.version)
      .sort((a, b) => a - b);
    const isComplete = versions.length === version && versions.every((each, index) => each === index + 1);
    if (!isComplete) incomplete.push(`${id}: at version ${version}, audit has ${versions.join(', ')}`);
  }
  return incomplete;
}
