import { auditedIndexes, createAuditedRepository, type Migration, type RecordBase } from '@pipedesk/mongo';
import type { Logger, RequestOrigin, TenantContext } from '@pipedesk/service-kit';
import type { CredentialOwner } from '../credentials/credential.model.ts';
import type { StoreDeps } from '../store-deps.ts';

const collection = 'login_attempts';

export type FailureReason = 'wrong_password' | 'user_disabled' | 'wrong_code';

/** A login that failed, as a record of its own: nothing else changes by it, and the event is what counts. */
interface LoginAttempt extends RecordBase {
  /** On whose account. */
  ownerId: string;
  reason: FailureReason;
}

export interface LoginAttempts {
  /**
   * Tells audit, behind the back of whoever tries: the time of an answer must not say whether an account exists.
   * Attempts on accounts that do not exist belong to no tenant; they are in the log of requests.
   */
  failed(owner: CredentialOwner, origin: RequestOrigin, reason: FailureReason): void;
}

export function createLoginAttempts(deps: StoreDeps, log: Logger): LoginAttempts {
  const attempts = createAuditedRepository<LoginAttempt>({
    ...deps,
    entityType: 'login_attempt',
    collection,
    fields: { ownerId: { type: String, required: true }, reason: { type: String, required: true } },
  });
  return {
    failed: (owner, origin, reason) => {
      attempts.create(contextOf(owner, origin), { ownerId: owner.userId, reason }).catch((error: unknown) => {
        log.error({ err: error, tenantId: owner.tenantId, reason }, 'a failed login is not in audit');
      });
    },
  };
}

/** Who tried is not known; the account's owner is the last to be named for it. */
function contextOf({ tenantId, userId }: CredentialOwner, origin: RequestOrigin): TenantContext {
  const { ip, userAgent, requestId, traceparent } = origin;
  return {
    tenantId,
    subject: { userId, role: 'viewer', teamId: null },
    actor: { type: 'system', id: 'auth', name: 'auth', role: null },
    context: { ip, userAgent, requestId, apiKeyId: null, operationId: null, source: 'auth' },
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

export const loginAttemptMigrations: Migration[] = [
  {
    id: '2026-11-22-login-attempt-indexes',
    up: (db) => db.collection(collection).createIndexes([...auditedIndexes]),
  },
];
