import { type ChangeEvent, eventId } from '@pipedesk/contracts';
import type { Rejection } from '@pipedesk/messaging';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { logOfEvent } from './log-of-event.ts';
import type { LogStore } from './log-store.ts';

export type IngestService = ReturnType<typeof createIngestService>;

interface Candidate {
  event: ChangeEvent;
  log: AuditLog;
}

/** Stores events as logs, each exactly once however often and in whatever order it comes. */
export function createIngestService({ store, clock }: { store: LogStore; clock: () => Date }) {
  return {
    /** @returns the events that can never be stored; all others are, journaled. */
    async store(events: ChangeEvent[]): Promise<Rejection[]> {
      const receivedAt = clock();
      const candidates = events.map((event) => ({ event, log: logOfEvent(event, receivedAt) }));
      const { kept, rejections } = splitRepeats(candidates);
      const foreign = await rejectForeign(kept);
      const refused = new Set(foreign.map(({ event }) => event));
      const own = kept.filter(({ event }) => !refused.has(event));
      return [...rejections, ...foreign, ...(await insert(own))];
    },
  };

  /**
   * An event whose record audit knows as another tenant's is forged. One look at ids for the whole batch: the first
   * version of a record, or the one beside this, is stored already unless events come far out of order.
   */
  async function rejectForeign(candidates: Candidate[]): Promise<Rejection[]> {
    const tenants = await store.tenantsOf([...new Set(candidates.flatMap(({ log }) => siblingIds(log)))]);
    const rejections: Rejection[] = [];
    for (const { event, log } of candidates) {
      const tenantId = tenants.get(log.entityId) ?? log.tenantId;
      if (tenantId !== log.tenantId)
        rejections.push({ event, reason: `${event.subject} belongs to another tenant than the event says` });
      tenants.set(log.entityId, tenantId);
    }
    return rejections;
  }

  async function insert(candidates: Candidate[]): Promise<Rejection[]> {
    const refused = await store.insert(candidates.map(({ log }) => log));
    const hashes = await store.hashesOf(refused);
    return candidates
      .filter(({ log }) => hashes.has(log._id) && hashes.get(log._id) !== log.payloadHash)
      .map(({ event }) => contradiction(event));
  }
}

function siblingIds({ entityType, entityId, version }: AuditLog): string[] {
  const versions = version === 1 ? [2] : [1, version - 1];
  return versions.map((sibling) => eventId(entityType, entityId, sibling));
}

/** The same event twice in a batch is stored once; another event under the same id is refused. */
function splitRepeats(candidates: Candidate[]): { kept: Candidate[]; rejections: Rejection[] } {
  const first = new Map<string, Candidate>();
  const rejections: Rejection[] = [];
  for (const candidate of candidates) {
    const known = first.get(candidate.log._id);
    if (!known) first.set(candidate.log._id, candidate);
    else if (known.log.payloadHash !== candidate.log.payloadHash)
      rejections.push(contradiction(candidate.event));
  }
  return { kept: [...first.values()], rejections };
}

function contradiction(event: ChangeEvent): Rejection {
  return { event, reason: `another event is stored under the id ${event.id}` };
}
