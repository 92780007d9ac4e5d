import { failpoint, type Logger } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import type { TenantRetention } from '../retention/policy.ts';
import { isIntact } from '../retention/sealed-settings.ts';
import { hashOfRecord } from '../seals/format/leaf.ts';
import type { KeyLookup } from '../seals/format/public-keys.ts';
import { removedIn } from '../seals/format/removed.ts';
import type { SealKeys } from '../seals/seal-keys.ts';
import { leavesOf, type SealStore, type SegmentRange, type StoredSeal } from '../seals/seal.store.ts';
import { cutoffOf, entityOf, isDue, latestCutoff } from './expired.ts';
import type { PlannedSegment, RemovalPlan, RemovalStore } from './removal.store.ts';
import { digestOfPlaces } from './segment-stubs.ts';
import type { StubStore } from './stub.store.ts';

interface PlannerDeps {
  removals: Pick<RemovalStore, 'add' | 'isRunning' | 'scannedTo' | 'noteScan'>;
  stubs: Pick<StubStore, 'sealedBefore'>;
  seals: Pick<SealStore, 'sealedWithin' | 'records'>;
  keys: Pick<SealKeys, 'lookup'>;
  clock: () => Date;
  log: Logger;
  bounds?: Bounds | undefined;
}

/** Most of one removal: what is done, or repeated, in one round. A segment is never divided. */
export interface Bounds {
  segments: number;
  records: number;
  /** Segments that are looked into. */
  looks: number;
}
const usualBounds: Bounds = { segments: 200, records: 5_000, looks: 2_000 };

/** Decides what of a tenant's chain goes next. Nothing is removed that does not verify: it is evidence. */
export function createPlanner(deps: PlannerDeps) {
  const { removals, stubs, seals, keys, clock, log, bounds: most = usualBounds } = deps;

  async function planSegment(
    seal: StoredSeal,
    retention: TenantRetention,
    lookup: KeyLookup,
  ): Promise<PlannedSegment | undefined> {
    const due = duePlaces(seal, retention, clock());
    if (due.length === 0) return undefined;
    const leaves = leavesOf(seal);
    const isSound = isIntact(seal, leaves, lookup);
    const indexes = isSound ? await intactAmong(seal, leaves, due) : [];
    if (indexes.length < due.length)
      log.error(
        { tenantId: seal.tenantId, segment: seal.segment, records: due.length - indexes.length },
        'what is too old and does not verify is not removed',
      );
    if (indexes.length === 0) return undefined;
    return { segment: seal.segment, indexes, digest: digestOfPlaces(seal, indexes) };
  }

  /** The ids of a seal are not signed: that a record is the one at its place is known by its leaf. */
  async function intactAmong(seal: StoredSeal, leaves: Buffer[], due: number[]): Promise<number[]> {
    const found = await seals.records(due.map((index) => seal.ids[index] ?? ''));
    const byId = new Map(found.map((record) => [record._id, record]));
    return due.filter((index) => {
      const [record, leaf] = [byId.get(seal.ids[index] ?? ''), leaves[index]];
      return record && leaf && isAsSealed(record, seal.firstSeq + index, leaf);
    });
  }

  /** Segments up to the bounds of one removal; where the look ended. */
  async function collect(retention: TenantRetention, range: SegmentRange, before: string) {
    const lookup = await keys.lookup();
    const segments: PlannedSegment[] = [];
    const types: Record<string, number> = {};
    let [records, looks, segment] = [0, 0, range.from - 1];
    for await (const seal of stubs.sealedBefore(retention.tenantId, range, before)) {
      const planned = await planSegment(seal, retention, lookup);
      if (planned && records > 0 && records + planned.indexes.length > most.records) break;
      segment = seal.segment;
      if (planned) {
        segments.push(planned);
        records += planned.indexes.length;
        count(types, seal, planned);
      }
      if (segments.length === most.segments || ++looks === most.looks) break;
    }
    return { segments, records, types, segment };
  }

  return {
    /** The next removal of a tenant, committed; null when nothing is too old, or another one runs. */
    async plan(retention: TenantRetention): Promise<RemovalPlan | null> {
      const { tenantId, settingsId, settingsVersion } = retention;
      const before = latestCutoff(retention, clock());
      if (before === null || settingsId === null || (await removals.isRunning(tenantId))) return null;
      // Whatever is looked into again on the next day, or by other settings, was not too old, or was held.
      const basis = `${cutoffOf(clock(), 0)}/${settingsVersion}`;
      const after = await removals.scannedTo(tenantId, basis);
      const old = await seals.sealedWithin(tenantId, '', before);
      if (!old || old.to <= after) return null;
      const range = { from: after + 1, to: old.to };
      const { segments, records, types, segment } = await collect(retention, range, before);
      const plan: RemovalPlan = {
        _id: uuidv7(),
        tenantId,
        createdAt: clock(),
        retention: { id: settingsId, version: settingsVersion },
        segments,
        records,
        types,
      };
      if (records > 0 && !(await removals.add(plan))) return null;
      failpoint('removal.after-plan');
      if (segment > after) await removals.noteScan(tenantId, basis, segment);
      return records > 0 ? plan : null;
    },
  };
}

function duePlaces(seal: StoredSeal, retention: TenantRetention, now: Date): number[] {
  const ids = Array.isArray(seal.ids) ? seal.ids : [];
  const gone = new Set(removedIn(seal.removed).flatMap(({ index, spared }) => (spared ? [] : [index])));
  return ids.flatMap((id, index) =>
    !gone.has(index) && isDue(retention, seal.sealedAt, String(id), now) ? [index] : [],
  );
}

function isAsSealed(record: AuditLog, seq: number, leaf: Buffer): boolean {
  try {
    return hashOfRecord(record, seq).equals(leaf);
  } catch {
    // A record that was tampered with may have lost what its leaf is made of.
    return false;
  }
}

function count(types: Record<string, number>, { ids }: StoredSeal, { indexes }: PlannedSegment): void {
  for (const index of indexes) {
    const { entityType } = entityOf(ids[index] ?? '');
    types[entityType] = (types[entityType] ?? 0) + 1;
  }
}
