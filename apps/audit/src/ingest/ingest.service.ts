import { type ChangeEvent, eventId } from '@pipedesk/contracts';
import type { Rejection } from '@pipedesk/messaging';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import type { Intake } from '../seals/intake.ts';
import { entityOf } from '../removals/expired.ts';
import type { RemovedPlace, RemovedRecords } from '../removals/removed-records.ts';
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
  removed: Pick<RemovedRecords, 'find'>;
  stamper: Stamper;
  clock: () => Date;
  onStored?: (count: number) => void;
  /** ms that only go forward. */
  elapsed?: () => number;
}

/**
 * How long what was seen of removals holds, ms. Half of what lies between a removal's stubs and its first deletion: a record
 * that had no stub is still there, so that its event cannot be stored a second time.
 */
const looksHold = 30_000;

/** Stores events as logs, each exactly once however often and in whatever order it comes. */
export function createIngestService(deps: IngestDeps) {
  const { store, intake, removed, stamper, clock, onStored, elapsed = () => performance.now() } = deps;
  const owners = createKnownOwners();

  return {
    /** @returns the events that can never be stored; all others are, journaled. */
    async store(events: ChangeEvent[]): Promise<Rejection[]> {
      const receivedAt = clock();
      const looked = elapsed();
      const candidates = events.map((event) => ({ event, log: logOf(event, receivedAt) }));
      const { kept, rejections } = splitRepeats(candidates);
      const [stored, gone] = await Promise.all([
        lookUpOwners(kept),
        removed.find([...new Set(kept.flatMap(({ log }) => [log._id, ...siblingIds(log)]))]),
        intake.announce(idsByTenant(kept.map(({ log }) => log)), receivedAt),
      ]);
      const { own, foreign } = splitForeign(kept, new Map([...ownersIn(gone), ...stored]));
      const { fresh, repeated } = splitRemoved(own, gone);
      const contradicted = [...(await insert(fresh, looked)), ...(await contradictionsAmong(repeated))];
      onStored?.(fresh.length);
      return [...rejections, ...foreign, ...contradicted];
    },

    /**
     * For the first event of something whose id was made a moment ago: nobody can have stored or removed it, so nothing is looked
     * up, and other work may go on while it is announced. What is never stored is forgotten like all else that was only announced.
     * @returns what stores the event
     */
    async announce(tenantId: string, id: string): Promise<(event: ChangeEvent) => Promise<Rejection[]>> {
      const looked = elapsed();
      await intake.announce(new Map([[tenantId, [id]]]), clock());
      return async (event) => {
        const contradicted = await insert([{ event, log: logOf(event, clock()) }], looked);
        onStored?.(1);
        return contradicted;
      };
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

  async function insert(candidates: Candidate[], looked: number): Promise<Rejection[]> {
    const logs = candidates.map(({ log }) => stamper.stamp(log));
    const done = owners.suppose(new Map(logs.map(({ entityId, tenantId }) => [entityId, tenantId])));
    try {
      const refused = new Set(await store.insert(logs));
      const stored = logs.filter(({ _id }) => !refused.has(_id));
      for (const log of stored) owners.remember(log.entityId, log.tenantId);
      if (elapsed() - looked > looksHold) await catchUp(stored);
      return await contradictionsAmong(candidates.filter(({ log }) => refused.has(log._id)));
    } finally {
      done();
    }
  }

  /** Of events whose ids are taken those that are not what is stored. A removed record cannot contradict any more. */
  async function contradictionsAmong(candidates: Candidate[]): Promise<Rejection[]> {
    const hashes = await store.hashesOf(candidates.map(({ log }) => log._id));
    return candidates
      .filter(({ log }) => hashes.has(log._id) && hashes.get(log._id) !== log.payloadHash)
      .map(({ event }) => contradiction(event));
  }

  /**
   * After so long (the process or the database stood still) the sealer may have forgotten what was announced, and a record may have
   * been removed before its repeat was stored.
   */
  async function catchUp(stored: AuditLog[]): Promise<void> {
    await intake.announce(idsByTenant(stored), clock());
    const gone = await removed.find(stored.map(({ _id }) => _id));
    await store.remove(stored.filter(({ _id }) => gone.has(_id)));
  }
}

/** What a removal has taken is a repeat; until it is deleted, so is what a removal has marked. */
function splitRemoved(candidates: Candidate[], gone: Map<string, RemovedPlace>) {
  const { fresh = [], repeated = [] } = Object.groupBy(candidates, ({ log }) =>
    gone.has(log._id) ? 'repeated' : 'fresh',
  );
  return { fresh, repeated };
}

/** By entity id. */
function ownersIn(gone: Map<string, RemovedPlace>): [string, string][] {
  return [...gone].map(([id, { tenantId }]) => [entityOf(id).entityId, tenantId]);
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

function idsByTenant(logs: AuditLog[]): Map<string, string[]> {
  const byTenant = Map.groupBy(logs, ({ tenantId }) => tenantId);
  return new Map([...byTenant].map(([tenantId, some]) => [tenantId, some.map(({ _id }) => _id)]));
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
