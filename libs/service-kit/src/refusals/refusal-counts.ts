import { platformTenantId, type RefusalReason, type RefusalReport } from '@pipedesk/contracts';
import { v7 as uuidv7 } from 'uuid';

/** Who was not believed, and why. */
export interface Refusal {
  reason: RefusalReason;
  /** From a verified signature, or not at all. */
  subject?: { tenantId: string; userId?: string | null; sessionId?: string | null } | undefined;
}

type WhereFrom = Pick<RefusalReport, 'ip' | 'network' | 'path' | 'userAgent' | 'requestId'>;

export interface RefusalCounts {
  add(refusal: Refusal, from: WhereFrom): void;
  /** What has been counted since the last time. */
  take(): RefusalReport[];
}

/**
 * Adds up refusals of the same reason, tenant and network. Those whose tenant is certain have room of their own: whoever
 * sends rubbish from a thousand addresses crowds out other rubbish, and nothing that took a genuine signature. What
 * finds no room is counted by reason alone.
 */
export function createRefusalCounts(service: string, capacity = 100): RefusalCounts {
  let certain = new Map<string, RefusalReport>();
  let uncertain = new Map<string, RefusalReport>();

  /** Under the refusal's own key while there is room, else under the reason's. */
  function findOrStart(refusal: Refusal, from: WhereFrom): RefusalReport {
    const counts = refusal.subject ? certain : uncertain;
    const key = `${refusal.reason} ${whoseOf(refusal)} ${from.network}`;
    const found = counts.get(key);
    if (found) return found;
    const isRoomy = counts.size < capacity;
    const { reason } = refusal;
    const kept = isRoomy
      ? start(service, refusal, from)
      : (uncertain.get(reason) ?? start(service, { reason }, { ...from, network: 'others' }));
    if (isRoomy) counts.set(key, kept);
    else uncertain.set(reason, kept);
    return kept;
  }

  return {
    add: (refusal, from) => {
      const kept = findOrStart(refusal, from);
      kept.count++;
      kept.lastAt = new Date().toISOString();
    },
    take: () => {
      const taken = [...certain.values(), ...uncertain.values()];
      certain = new Map();
      uncertain = new Map();
      return taken;
    },
  };
}

/** Of whom a limit was used up is the point of telling it; everybody else is told apart by network. */
function whoseOf({ reason, subject }: Refusal): string {
  const { tenantId = '', userId } = subject ?? {};
  return reason === 'read_limit' ? `${tenantId}/${userId}` : tenantId;
}

function start(service: string, { reason, subject }: Refusal, from: WhereFrom): RefusalReport {
  const now = new Date().toISOString();
  return {
    id: uuidv7(),
    tenantId: subject?.tenantId ?? platformTenantId,
    userId: subject?.userId ?? null,
    sessionId: subject?.sessionId ?? null,
    reason,
    service,
    ...from,
    count: 0,
    firstAt: now,
    lastAt: now,
  };
}
