import { failpoint } from '@pipedesk/service-kit';
import type { RetentionStore, TenantRetention } from '../retention/policy.ts';
import { isDue } from './expired.ts';
import type { PlannedSegment, Spared, StoredRemoval } from './removal.store.ts';
import { digestOfPlaces, type SegmentStubs } from './segment-stubs.ts';
import type { StubStore } from './stub.store.ts';

interface DeleterDeps {
  stubs: SegmentStubs;
  records: Pick<StubStore, 'present' | 'remove'>;
  retentions: Pick<RetentionStore, 'of'>;
  onRemoved: (count: number) => void;
  clock: () => Date;
}

/** What a pass over all segments of a removal came to. */
interface Pass {
  deleted: number;
  /** Whether nothing is left that has to go. */
  isDone: boolean;
  /** What stays: it is held, or not too old any more. */
  spared: Spared[];
}

/** A hold keeps from this moment on, ms: no deletion goes by anything older. */
const freshness = 1_000;

export type Deleter = ReturnType<typeof createDeleter>;

export function createDeleter({ stubs, records, retentions, onRemoved, clock }: DeleterDeps) {
  /** The seal is read before its records, so that what its stubs say of erasures is not newer than what is read of the records. */
  async function removeFrom(removal: StoredRemoval, planned: PlannedSegment, retention: TenantRetention) {
    const seal = await stubs.planned(removal, planned);
    const present = await records.present(planned.indexes.map((index) => seal.ids[index] ?? ''));
    const due = present.filter(({ _id }) => isDue(retention, seal.sealedAt, _id, clock()));
    await stubs.keepErasures(removal, planned.segment, due);
    failpoint('removal.before-deletion');
    const deleted = await records.remove(removal.tenantId, due);
    onRemoved(deleted);
    failpoint('removal.after-deletion');
    const staying = new Set(present.filter((record) => !due.includes(record)).map(({ _id }) => _id));
    const indexes = planned.indexes.filter((index) => staying.has(seal.ids[index] ?? ''));
    const spared = { segment: planned.segment, indexes, digest: digestOfPlaces(seal, indexes) };
    return { deleted, left: due.length - deleted, spared };
  }

  /** What may be removed, asked anew whenever the last answer is older than it may be. */
  function current(tenantId: string): () => Promise<TenantRetention> {
    let known: { retention: TenantRetention; at: number } | undefined;
    return async () => {
      const at = performance.now();
      if (!known || at - known.at > freshness) known = { retention: await retentions.of(tenantId), at };
      return known.retention;
    };
  }

  return {
    async pass(removal: StoredRemoval): Promise<Pass> {
      const ask = current(removal.tenantId);
      const pass: Pass = { deleted: 0, isDone: true, spared: [] };
      for (const planned of removal.segments) {
        const retention = await ask();
        // Settings that are just being changed, or that somebody tampered with, order nothing.
        if (retention.state !== 'in_force') return { ...pass, isDone: false };
        const { deleted, left, spared } = await removeFrom(removal, planned, retention);
        pass.deleted += deleted;
        pass.isDone &&= left === 0;
        if (spared.indexes.length > 0) pass.spared.push(spared);
      }
      return pass;
    },
  };
}
