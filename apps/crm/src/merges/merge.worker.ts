import type { Contact } from '@pipedesk/contracts';
import { failpoint } from '@pipedesk/service-kit';
import type { ContactRepository } from '../contacts/contact.model.ts';
import type { MoveReferences } from './contact-references.ts';
import type { MergeStore, MovedKind, StoredMerge } from './merge.store.ts';
import { isProblem } from '../records/is-problem.ts';
import { withValuesOf } from './merged-values.ts';

interface MergeWorkerDeps {
  merges: MergeStore;
  contacts: ContactRepository;
  references: Record<MovedKind, MoveReferences>;
}

export type CarryOut = (merge: StoredMerge) => Promise<void>;

/**
 * Carries a merge out from wherever it stands: each step may be done twice, or by two at once, and comes to the same.
 * The contact that stays takes another's values before the other is marked as merged, and what refers to the other is
 * moved before it is deleted, so that a crash anywhere loses nothing.
 */
export function createMergeWorker({ merges, contacts, references }: MergeWorkerDeps): CarryOut {
  /** @returns whether the other is part of the merge; not, when somebody has deleted it before its turn */
  async function absorb(merge: StoredMerge, id: string): Promise<boolean> {
    const { context, survivorId, fields } = merge;
    for (;;) {
      const other = await contacts.find(context, { _id: id });
      if (!other) return isRemovedByMerge(merge, id);
      if (other.mergedInto === survivorId) return true;
      await contacts.change(context, survivorId, {}, (survivor) =>
        Object.assign(survivor, withValuesOf(survivor, other), fields),
      );
      failpoint('merge.after-values');
      if (await mark(merge, other)) return true;
    }
  }

  async function isRemovedByMerge({ context, survivorId }: StoredMerge, id: string): Promise<boolean> {
    return (await contacts.findRemoved(context, id))?.mergedInto === survivorId;
  }

  /** @returns false when the other has changed since its values were taken */
  async function mark({ context, survivorId }: StoredMerge, other: Contact): Promise<boolean> {
    try {
      await contacts.change(context, other.id, { expectedVersion: other.version }, (draft) => {
        draft.mergedInto = survivorId;
      });
      return true;
    } catch (error) {
      if (isProblem(error, 404, 412)) return false;
      throw error;
    }
  }

  /** @returns null when the contact that was to stay is gone, and nothing was done */
  async function absorbAll(merge: StoredMerge): Promise<string[] | null> {
    const merged: string[] = [];
    for (const id of merge.ids) {
      try {
        if (await absorb(merge, id)) merged.push(id);
      } catch (error) {
        if (!isProblem(error, 404)) throw error;
        return merged.length > 0 ? merged : null;
      }
    }
    return merged;
  }

  async function moveAll({ _id, context, survivorId }: StoredMerge, from: string): Promise<void> {
    for (const [kind, move] of Object.entries(references) as [MovedKind, MoveReferences][])
      await move(context, from, survivorId, () => merges.countMoved(_id, kind));
  }

  async function remove({ context }: StoredMerge, id: string): Promise<void> {
    await contacts.remove(context, id, {}).catch((error: unknown) => {
      if (!isProblem(error, 404)) throw error;
    });
  }

  /** A note, task or deal that was written while the merge ran may refer to a contact that was there when it was looked up. */
  async function settle(merge: StoredMerge): Promise<void> {
    for (const id of merge.merged) if (await isRemovedByMerge(merge, id)) await moveAll(merge, id);
    await merges.settle(merge._id);
  }

  return async (merge) => {
    if (merge.status !== 'running') return settle(merge);
    const merged = await absorbAll(merge);
    for (const id of merged ?? []) {
      await moveAll(merge, id);
      failpoint('merge.before-removal');
      await remove(merge, id);
    }
    await merges.finish(merge._id, merged ? 'done' : 'abandoned', merged ?? []);
  };
}
