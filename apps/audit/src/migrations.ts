import type { Migration } from '@pipedesk/mongo';
import { auditLogMigrations } from './audit-logs/audit-log.model.ts';
import { erasureMigrations } from './erasures/erasure.store.ts';
import { removalMigrations } from './removals/removal.store.ts';
import { stubMigrations } from './removals/stub.store.ts';
import { holdMigrations } from './retention/hold.model.ts';
import { retentionMigrations } from './retention/retention.model.ts';
import { streamMigrations } from './streams/stream.model.ts';
import { sealKeyMigrations } from './seals/seal-keys.ts';
import { sealMigrations } from './seals/seal.store.ts';

export const migrations: Migration[] = [
  ...auditLogMigrations,
  ...sealMigrations,
  ...sealKeyMigrations,
  ...erasureMigrations,
  ...streamMigrations,
  ...retentionMigrations,
  ...holdMigrations,
  ...removalMigrations,
  ...stubMigrations,
];
