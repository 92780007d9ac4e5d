import { digestOfRemoved, type RemovedRecord } from '../seals/format/removed.ts';
import type { StoredSeal } from '../seals/seal.store.ts';
import type { PlannedSegment, StoredRemoval } from './removal.store.ts';
import type { Present, StubStore } from './stub.store.ts';

export type SegmentStubs = ReturnType<typeof createSegmentStubs>;

/** What a removal does to the stubs of one segment. */
export function createSegmentStubs(store: Pick<StubStore, 'get' | 'change' | 'markEmptied'>) {
  return {
    /** The segment's seal. @throws Error when it does not list what was planned: somebody changed it */
    async planned({ tenantId }: StoredRemoval, planned: PlannedSegment): Promise<StoredSeal> {
      const seal = await store.get(tenantId, planned.segment);
      if (!seal) throw new Error(`segment ${planned.segment} is gone`);
      requirePlanned(seal, planned);
      return seal;
    },

    /** Before the statement: from here on it is known what will go. */
    async place({ tenantId, _id }: StoredRemoval, planned: PlannedSegment): Promise<void> {
      await store.change(tenantId, planned.segment, (seal, stubs) => {
        requirePlanned(seal, planned);
        if (stubs.some(({ by }) => by === _id)) return undefined;
        const own = planned.indexes.map((index) => ({ index, id: seal.ids[index] ?? '', by: _id }));
        return [...stubs, ...own].sort((one, other) => one.index - other.index);
      });
    },

    /** Before a deletion: what was erased of the records is still to be accounted for. It only grows, so the most is the latest. */
    async keepErasures(removal: StoredRemoval, segment: number, records: Present[]): Promise<void> {
      const erased = new Map(records.flatMap(({ _id, erased }) => (erased ? [[_id, erased.values]] : [])));
      if (erased.size === 0) return;
      await store.change(removal.tenantId, segment, (_seal, stubs) => {
        const isNews = (stub: RemovedRecord) =>
          stub.by === removal._id && (erased.get(stub.id)?.length ?? 0) > (stub.erased?.length ?? 0);
        if (!stubs.some(isNews)) return undefined;
        return stubs.map((stub) =>
          isNews(stub) ? { ...stub, erased: whatWasErased(erased.get(stub.id)) } : stub,
        );
      });
    },

    /** After the last deletion: what was spared is as if it had no stub, and a segment without records is not looked into again. */
    async conclude({ tenantId, _id, spared }: StoredRemoval, { segment }: PlannedSegment): Promise<void> {
      const places = new Set(spared.find((one) => one.segment === segment)?.indexes);
      const isNews = ({ by, index, spared: isSpared }: RemovedRecord) =>
        by === _id && places.has(index) && !isSpared;
      const seal = await store.change(tenantId, segment, (_seal, stubs) =>
        stubs.some(isNews)
          ? stubs.map((stub) => (isNews(stub) ? { ...stub, spared: true as const } : stub))
          : undefined,
      );
      if (seal && isEmptied(seal)) await store.markEmptied(tenantId, segment);
    },
  };
}

/** The ids of a seal are not signed; the plan is. */
function requirePlanned(seal: StoredSeal, { segment, indexes, digest }: PlannedSegment): void {
  if (digestOfPlaces(seal, indexes) !== digest)
    throw new Error(`segment ${segment} does not list the records that were planned`);
}

export function digestOfPlaces({ firstSeq, ids }: StoredSeal, indexes: number[]): string {
  return digestOfRemoved(
    firstSeq,
    indexes.map((index) => ({ index, id: ids[index] ?? '', by: '' })),
  );
}

function whatWasErased(values: { path: string; by: string }[] = []) {
  return values.map(({ path, by }) => ({ path, by }));
}

function isEmptied({ ids, removed = [] }: StoredSeal): boolean {
  const gone = new Set(removed.flatMap(({ index, spared }) => (spared ? [] : [index])));
  return gone.size === ids.length;
}
