export { AuditBypass } from './audited-guard.ts';
export { auditedIndexes } from './audited-model.ts';
export { type AuditedRepository, createAuditedRepository, tenantOf } from './audited-repository.ts';
export type { NewRecord } from './audited-writes.ts';
export { connectMongo, type Connection, pingMongo } from './connection.ts';
export { databaseProblem, isDatabaseUnavailable, isDuplicateKey } from './errors.ts';
export { migrate, type Migration } from './migrations.ts';
export { createOutbox, type Outbox } from './outbox.ts';
export type { RecordBase } from './record.ts';
