import { sha256 } from './canonical.ts';
import type { SealableRecord } from './record.ts';
import type { RemovedRecord } from './removed.ts';
import { isObject } from './values.ts';

/** Start of an erasure's digest. */
export const noErasure = '0'.repeat(64);

/**
 * An erasure's digest over what it took: the running hash over its records in the order of the chain, each with the
 * paths it took there. The erasure's own record states it, so an erased value that no erasure accounts for shows.
 */
export function extendDigest(digest: string, record: SealableRecord, erasureId: string): string {
  const paths = (record.erased?.values ?? []).filter(({ by }) => by === erasureId).map(({ path }) => path);
  return sha256(`erasure:1:${digest}:${JSON.stringify([record._id, ...paths.sort()])}`);
}

/** What erasures had taken of a record that retention removed later, as the record itself would tell it. */
export function erasuresOfRemoved({ id, erased = [] }: RemovedRecord, tenantId: string): SealableRecord {
  if (erased.length === 0) return { _id: id, tenantId };
  return {
    _id: id,
    tenantId,
    erased: { values: erased.map((value) => ({ ...value, commitment: '' })), salts: [] },
  };
}

/** Whether a record tells of an erasure: its own, or by what it has lost. No other needs to be shown to the check. */
export function isAccounting(record: SealableRecord): boolean {
  return record.erased !== undefined || (record as { entityType?: unknown }).entityType === 'erasure';
}

/** Holds what was erased against what the erasures' own records say. Fed with verified records in order. */
export function createErasureCheck() {
  /** Erasure -> digest of what was found erased by it. */
  const found = new Map<string, string>();
  /** Erasure -> digest its final record states; null while it runs. */
  const stated = new Map<string, string | null>();

  return {
    record(record: SealableRecord): void {
      for (const id of new Set(record.erased?.values.map(({ by }) => by)))
        found.set(id, extendDigest(found.get(id) ?? noErasure, record, id));
      const { entityType, entityId, after } = record as SealableRecord & Record<string, unknown>;
      if (entityType !== 'erasure' || typeof entityId !== 'string' || !isObject(after)) return;
      if (typeof after.digest === 'string') stated.set(entityId, after.digest);
      else if (!stated.has(entityId)) stated.set(entityId, null);
    },
    /** One sentence for each erasure whose statement and traces differ. */
    unaccounted(): string[] {
      const strays = [...found.keys()].filter((id) => !stated.has(id));
      const wrong = [...stated].filter(
        ([id, digest]) => digest !== null && digest !== (found.get(id) ?? noErasure),
      );
      return [
        ...strays.map((id) => `values are marked as erased by ${id}, which is no recorded erasure`),
        ...wrong.map(([id]) => `what is marked as erased by ${id} is not what that erasure states`),
      ];
    },
  };
}
