import type { Migration } from '@pipedesk/mongo';
import { auditLogMigrations } from './audit-logs/audit-log.model.ts';

export const migrations: Migration[] = [...auditLogMigrations];
