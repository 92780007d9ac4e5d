import { type AuditFilters, wordsOf } from '@pipedesk/contracts';
import type { LogFilter } from './audit-log.query.ts';

/** What a client asked for, by stored path. */
export function filterOf(query: AuditFilters): LogFilter {
  const { entityType, entityId, userId, action, field, operationId, requestId, ip, text } = query;
  return {
    entityType,
    entityId,
    action,
    'actor.id': userId,
    fields: field,
    'context.operationId': operationId,
    'context.requestId': requestId,
    'context.ip': ip,
    words: text === undefined ? undefined : wordsOf(text),
  };
}
