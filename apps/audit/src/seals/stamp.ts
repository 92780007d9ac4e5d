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
  const drawSalt = saltSource();
  const macOf = (log: Omit<AuditLog, 'mac'>): string =>
    createHmac('sha256', key).update(canonical(log)).digest('hex');
  return {
    stamp: (log) => {
      const stamped: AuditLog = { ...log, salt: drawSalt() };
      stamped.mac = macOf(stamped);
      return stamped;
    },
    isAuthentic: ({ mac, ...log }) => mac === macOf(log),
  };
}

const saltSize = 16;
const saltsAtOnce = 256;

/** Random bytes in hex, drawn for many salts at once: a system call for each is dearer than the rest of a salt. */
function saltSource(): () => string {
  let drawn = '';
  let at = 0;
  return () => {
    if (at === drawn.length) [drawn, at] = [randomBytes(saltSize * saltsAtOnce).toString('hex'), 0];
    at += 2 * saltSize;
    return drawn.slice(at - 2 * saltSize, at);
  };
}
