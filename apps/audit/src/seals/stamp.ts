import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { canonical } from './format/canonical.ts';

export interface Stamper {
  /** Gives a log its salt and says, in a way that only this service can, that it is as it came in. */
  stamp(log: AuditLog): AuditLog;
  /** Whether a log is still what was stamped. */
  isAuthentic(log: AuditLog): boolean;
}

/**
 * Between its storing and its sealing a record is protected by a keyed hash alone. The key is not in the database, so
 * whoever holds only that can neither change nor add a record that the sealer would take.
 */
export function createStamper(secret: Buffer): Stamper {
  const key = createSecretKey(secret);
  const macOf = (log: Omit<AuditLog, 'mac'>): string =>
    createHmac('sha256', key).update(canonical(log)).digest('hex');
  return {
    stamp: (log) => {
      const salted = { ...log, salt: randomBytes(16).toString('hex') };
      return { ...salted, mac: macOf(salted) };
    },
    isAuthentic: ({ mac, ...log }) => mac === macOf(log),
  };
}
