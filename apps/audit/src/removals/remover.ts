import type { ChangeEvent } from '@pipedesk/contracts';
import { failpoint, type Logger } from '@pipedesk/service-kit';
import type { SealStore } from '../seals/seal.store.ts';
import type { Sealer } from '../seals/sealer.ts';
import type { Deleter } from './deleter.ts';
import { removalEvents, statementId } from './removal-event.ts';
import type { RemovalStore, StoredRemoval } from './removal.store.ts';
import type { SegmentStubs } from './segment-stubs.ts';

interface RemoverDeps {
  removals: Pick<RemovalStore, 'isAuthentic' | 'note' | 'unrest' | 'finish'>;
  stubs: SegmentStubs;
  deleter: Deleter;
  seals: Pick<SealStore, 'of'>;
  sealer: Pick<Sealer, 'sealTenant'>;
  /** Stores audit's own events as records, each once. */
  record: (events: ChangeEvent[]) => Promise<void>;
  clock: () => Date;
  log: Logger;
}

/**
 * Between a removal's statement and its first deletion, ms. By then whatever the ingest of any replica had begun without
 * knowing of the stubs is over, or looks again: that takes 40 seconds at most, the rest is for clocks that differ.
 */
export const grace = 60_000;

/**
 * Carries a removal out: stubs, statement, deletion, result, in this order. Each step may be done twice and by two at once.
 * What is deleted has a stub, and what has a stub and is gone is under a sealed statement; so whenever a process dies, the
 * chain verifies, and the next round goes on.
 */
export function createRemover(deps: RemoverDeps) {
  const { removals, stubs, deleter, seals, sealer, record, clock, log } = deps;
  const isOver = (since: Date) => clock().getTime() - since.getTime() >= grace;

  /** On record before the first record goes. */
  async function state(removal: StoredRemoval): Promise<StoredRemoval | null> {
    for (const planned of removal.segments) await stubs.place(removal, planned);
    failpoint('removal.after-stubs');
    await record([removalEvents(removal).started]);
    failpoint('removal.after-statement');
    await sealer.sealTenant(removal.tenantId);
    return removals.note(removal, 'statedAt', { statedAt: clock() });
  }

  /** A pass over what is to go. @returns the removal with its result, as soon as there is one */
  async function remove(removal: StoredRemoval): Promise<StoredRemoval | null> {
    if (!(await isStated(removal))) return null;
    const pass = await deleter.pass(removal);
    if (!pass.isDone) return null;
    // What is spared is so for good once every process that might still go by older holds is through.
    if (pass.spared.length > 0 && !(await isAtRest(removal, pass.deleted))) return null;
    return removals.note(removal, 'concludedAt', { concludedAt: clock(), spared: pass.spared });
  }

  async function isStated(removal: StoredRemoval): Promise<boolean> {
    if (await seals.of(removal.tenantId, statementId(removal))) return true;
    await sealer.sealTenant(removal.tenantId);
    return false;
  }

  async function isAtRest(removal: StoredRemoval, deleted: number): Promise<boolean> {
    if (deleted > 0) await removals.unrest(removal);
    const noted = await removals.note(removal, 'restedAt', { restedAt: clock() });
    return noted?.restedAt != null && isOver(noted.restedAt);
  }

  async function conclude(removal: StoredRemoval): Promise<void> {
    failpoint('removal.after-conclusion');
    for (const planned of removal.segments) await stubs.conclude(removal, planned);
    failpoint('removal.after-sparing');
    const { finished } = removalEvents(removal);
    await record([finished]);
    failpoint('removal.after-result');
    await removals.finish(removal, clock());
    const { tenantId, _id: removalId } = removal;
    log.info({ tenantId, removalId, ...outcomeOf(removal) }, 'records were removed by retention');
  }

  return {
    /** As far as it goes now. */
    async carryOut(removal: StoredRemoval): Promise<void> {
      if (!removals.isAuthentic(removal)) {
        log.error({ removalId: removal._id }, 'a removal is not what audit planned; it is not carried out');
        return;
      }
      const stated = removal.statedAt ? removal : await state(removal);
      if (!stated?.statedAt || !isOver(stated.statedAt)) return;
      const concluded = stated.concludedAt ? stated : await remove(stated);
      if (concluded?.concludedAt) await conclude(concluded);
    },
  };
}

function outcomeOf({ records, spared }: StoredRemoval) {
  const kept = spared.reduce((sum, { indexes }) => sum + indexes.length, 0);
  return { removed: records - kept, spared: kept };
}
