import { type ChangeEvent, eventId } from '@pipedesk/contracts';
import type { Rejection } from '@pipedesk/messaging';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import type { Intake } from '../seals/intake.ts';
import type { Stamper } from '../seals/stamp.ts';
import { createKnownOwners } from './known-owners.ts';
import { logOfEvent } from './log-of-event.ts';
import type { LogStore } from './log-store.ts';

export type IngestService = ReturnType<typeof createIngestService>;

interface Candidate {
  event: ChangeEvent;
  log: AuditLog;
}

interface IngestDeps {
  store: LogStore;
  /** Learns of ids before they are stored, so that the sealer forgets none. */
  intake: Pick<Intake, 'announce'>;
  stamper: Stamper;
  clock: () => Date;
  onStored?: (count: number) => void;
}

/** Stores events as logs, each exactly once however often and in whatever order it comes. */
export function createIngestService({ store, intake, stamper, clock, onStored }: IngestDeps) {
  const owners = createKnownOwners();

  return {
    /** @returns the events that can never be stored; all others are, journaled. */
    async store(events: ChangeEvent[]): Promise<Rejection[]> {
      const receivedAt = clock();
      const candidates = events.map((event) => ({ event, log: logOf(event, receivedAt) }));
      const { kept, rejections } = splitRepeats(candidates);
      const [stored] = await Promise.all([
        lookUpOwners(kept),
        intake.announce(idsByTenant(kept), receivedAt),
      ]);
      const { own, foreign } = splitForeign(kept, stored);
      const contradicted = await insert(own);
      onStored?.(own.length);
      return [...rejections, ...foreign, ...contradicted];
    },
  };

  /**
   * One look at ids for the whole batch, and none for records seen lately: the first version of a record, or the one
   * beside this, is stored already unless events come far out of order.
   */
  async function lookUpOwners(candidates: Candidate[]): Promise<Map<string, string>> {
    const unknown = candidates.filter(({ log }) => owners.tenantOf(log.entityId) === undefined);
    const stored = await store.tenantsOf([...new Set(unknown.flatMap(({ log }) => siblingIds(log)))]);
    for (const [entityId, tenantId] of stored) owners.remember(entityId, tenantId);
    return stored;
  }

  /** An event whose record audit knows as another tenant's is forged. */
  function splitForeign(candidates: Candidate[], stored: Map<string, string>) {
    const first = new Map<string, string>();
    const [own, foreign]: [Candidate[], Rejection[]] = [[], []];
    for (const candidate of candidates) {
      const { event, log } = candidate;
      const { entityId, tenantId } = log;
      const owner = stored.get(entityId) ?? owners.tenantOf(entityId) ?? first.get(entityId) ?? tenantId;
      first.set(entityId, owner);
      if (owner === tenantId) own.push(candidate);
      else foreign.push({ event, reason: `${event.subject} belongs to another tenant than the event says` });
    }
    return { own, foreign };
  }

  async function insert(candidates: Candidate[]): Promise<Rejection[]> {
    const logs = candidates.map(({ log }) => stamper.stamp(log));
    const done = owners.suppose(new Map(logs.map(({ entityId, tenantId }) => [entityId, tenantId])));
    try {
      const refused = new Set(await store.insert(logs));
      for (const log of logs) if (!refused.has(log._id)) owners.remember(log.entityId, log.tenantId);
      const hashes = await store.hashesOf([...refused]);
      return candidates
        .filter(({ log }) => hashes.has(log._id) && hashes.get(log._id) !== log.payloadHash)
        .map(({ event }) => contradiction(event));
    } finally {
      done();
    }
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

function idsByTenant(candidates: Candidate[]): Map<string, string[]> {
  const byTenant = Map.groupBy(candidates, ({ log }) => log.tenantId);
  return new Map([...byTenant].map(([tenantId, some]) => [tenantId, some.map(({ log }) => log._id)]));
}

/**
 * The database replaces unpaired surrogates, which no UTF-8 can hold; hashes must be over what it will give back. There is no
 * canonical form of them, so an event that has some shows by itself.
 */
function logOf(event: ChangeEvent, receivedAt: Date): AuditLog {
  try {
    return logOfEvent(event, receivedAt);
  } catch {
    return logOfEvent(replaceSurrogates(event) as ChangeEvent, receivedAt);
  }
}

function replaceSurrogates(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(replaceSurrogates);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.toWellFormed(), replaceSurrogates(inner)]),
  );
}
