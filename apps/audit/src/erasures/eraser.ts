import { type ChangeEvent, isPlaced } from '@pipedesk/contracts';
import type { Logger } from '@pipedesk/service-kit';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { eventOfLog } from '../audit-logs/audit-record.ts';
import { erasuresOfRemoved, extendDigest } from '../seals/format/erasure-check.ts';
import { stubsByPlace } from '../seals/format/removed.ts';
import type { Segment } from '../seals/format/segment-check.ts';
import type { Sealer } from '../seals/sealer.ts';
import type { SealStore } from '../seals/seal.store.ts';
import { type ErasureTarget, eraseValues } from './erase-values.ts';
import { erasureEvents } from './erasure-event.ts';
import type { ErasureProgress, ErasureStore, StoredErasure } from './erasure.store.ts';

interface EraserDeps {
  erasures: ErasureStore;
  seals: Pick<SealStore, 'head' | 'segments'>;
  sealer: Pick<Sealer, 'sealTenant'>;
  /** Stores audit's own events as records, each once. */
  record: (events: ChangeEvent[]) => Promise<void>;
  /** Tells whoever keeps events beside audit what is left of these. @throws Error when nobody has taken them */
  tell: (events: ChangeEvent[]) => Promise<void>;
  clock: () => Date;
  log: Logger;
}

/**
 * Carries erasures out, segment by segment in the order of the chain. Every step may be done twice: a record that has
 * lost its values has none to lose again, and adds the same to the digest. A segment is done when timelines will lose them too.
 */
export function createEraser({ erasures, seals, sealer, record, tell, clock, log }: EraserDeps) {
  async function carryOut(erasure: StoredErasure): Promise<void> {
    // On record before the first value goes.
    await record([erasureEvents(erasure).started]);
    const target = erasures.targetOf(erasure);
    const concluded = target ? await eraseAll(erasure, target) : erasure;
    if (!concluded?.concludedAt) return;
    await record([erasureEvents(concluded).finished]);
    await erasures.finish(concluded._id, clock());
  }

  /** @returns the erasure with its result; null when another process is at it */
  async function eraseAll(erasure: StoredErasure, target: ErasureTarget): Promise<StoredErasure | null> {
    // Only what is sealed has commitments to leave behind.
    await sealer.sealTenant(erasure.tenantId);
    const last = (await seals.head(erasure.tenantId))?.segment ?? 0;
    let current = erasure;
    const range = { from: erasure.segment + 1, to: last };
    for await (const segment of seals.segments(erasure.tenantId, range)) {
      const progress = await eraseSegment(current, segment, target);
      if (!(await erasures.advance(current, progress))) return null;
      current = { ...current, ...progress };
    }
    return erasures.conclude(current, clock());
  }

  async function eraseSegment(
    erasure: StoredErasure,
    { seal, records, removed = [] }: Segment,
    target: ErasureTarget,
  ): Promise<ErasureProgress> {
    const progress = { ...progressOf(erasure), segment: seal.segment };
    const stubs = stubsByPlace(removed);
    const emptied: AuditLog[] = [];
    for (const [index, found] of records.entries()) {
      const stub = stubs.get(index);
      // What an interrupted round had erased of a record that is removed by now counts as well.
      const after = found
        ? await eraseRecord(found as AuditLog, target, erasure._id)
        : stub && erasuresOfRemoved(stub, seal.tenantId);
      const count = after?.erased?.values.filter(({ by }) => by === erasure._id).length ?? 0;
      if (!after || count === 0) continue;
      if (found) emptied.push(after as AuditLog);
      progress.records++;
      progress.values += count;
      progress.digest = extendDigest(progress.digest, after, erasure._id);
    }
    await tell(emptied.map((log) => ({ ...eventOfLog(log), erasureid: erasure._id })).filter(isPlaced));
    return progress;
  }

  async function eraseRecord(found: AuditLog, target: ErasureTarget, by: string): Promise<AuditLog> {
    const emptied = tryErase(found, target, by);
    if (!emptied) return found;
    if (await erasures.replace(found, emptied)) return emptied;
    throw new Error(`${found._id} was changed while values of it were erased; the next round goes on`);
  }

  /** A record that was tampered with may have lost what its leaf is made of. It must not keep others from their erasure. */
  function tryErase(found: AuditLog, target: ErasureTarget, by: string): AuditLog | undefined {
    try {
      return eraseValues(found, target, by);
    } catch (error) {
      log.error(
        { err: error, recordId: found._id, erasureId: by },
        'a broken record could not be erased from',
      );
      return undefined;
    }
  }

  return {
    async runAll(): Promise<void> {
      for (const erasure of await erasures.running()) await carryOut(erasure);
    },
  };
}

function progressOf({ segment, records, values, digest }: StoredErasure): ErasureProgress {
  return { segment, records, values, digest };
}
