import type { AuditFlaw } from '@pipedesk/contracts';
import type { SealableRecord } from './record.ts';
import { digestOfRemoved, type RemovedPart, type RemovedRecord } from './removed.ts';
import type { Segment } from './segment-check.ts';
import { isObject } from './values.ts';

/** What of one segment is marked as removed by one removal. */
export interface Taken {
  by: string;
  segment: number;
  digest: string;
  /** Digest of those that the removal spared; undefined for none. */
  spared: string | undefined;
  isMissing: boolean;
  /** The first that is there although it was not spared. */
  present: { seq: number; recordId: string } | undefined;
}

/** What a removal's own records say: what it takes, and once it is done what it spared. */
interface Statement {
  taken: Map<number, string>;
  /** undefined while it runs. */
  spared: Map<number, string> | undefined;
}

type Flaw = Pick<AuditFlaw, 'reason' | 'kind'> & Partial<AuditFlaw>;

/**
 * Holds what is marked as removed against what the removals' own sealed records say. A digest for each segment, and none over
 * all of them: whoever reads a long chain has passed some segments before a removal marked them, and sees others after it.
 */
export function createRemovalCheck() {
  const found = new Map<string, Map<number, Taken>>();
  const statements = new Map<string, Statement>();

  return {
    /** Of one segment. */
    taken(all: Taken[]): void {
      for (const taken of all)
        found.set(taken.by, (found.get(taken.by) ?? new Map<number, Taken>()).set(taken.segment, taken));
    },
    /**
     * A record that was verified.
     * @param isLate it was sealed after the reading had begun: what it says of a result may be newer than what was read
     */
    record(record: SealableRecord, isLate: boolean): void {
      const { entityId, after } = record as SealableRecord & Record<string, unknown>;
      if (!isStatement(record) || typeof entityId !== 'string' || !isObject(after)) return;
      const statement = statements.get(entityId) ?? { taken: new Map<number, string>(), spared: undefined };
      if (after.segments !== undefined) statement.taken = partsOf(after.segments);
      if (after.spared !== undefined && !isLate) statement.spared = partsOf(after.spared);
      statements.set(entityId, statement);
    },
    /** Whether records are missing for which no statement has come yet. */
    isOpen: (): boolean =>
      [...found].some(
        ([by, segments]) => !statements.has(by) && [...segments.values()].some(({ isMissing }) => isMissing),
      ),
    unaccounted(): Flaw[] {
      return [...found].flatMap(([by, segments]) =>
        [...segments.values()].flatMap((taken) => flawsOf(taken, statements.get(by))),
      );
    },
  };
}

/** Whether a record is a removal's own. */
export function isStatement(record: SealableRecord): boolean {
  return (record as { entityType?: unknown }).entityType === 'audit_removal';
}

/** What is marked as removed in a segment, by each removal. */
export function takenIn({ seal, removed = [], records }: Segment<unknown>): Taken[] {
  const { segment, firstSeq } = seal;
  const isThere = (index: number) => records[index] !== undefined;
  return [...Map.groupBy(removed, (stub) => stub.by)].map(([by, all]) => ({
    ...{ by, segment },
    ...takenBy(firstSeq, all, isThere),
  }));
}

function takenBy(firstSeq: number, all: RemovedRecord[], isThere: (index: number) => boolean) {
  const spared = all.filter((one) => one.spared);
  const gone = all.filter((one) => !one.spared);
  const present = gone.find(({ index }) => isThere(index));
  return {
    digest: digestOfRemoved(firstSeq, all),
    spared: spared.length > 0 ? digestOfRemoved(firstSeq, spared) : undefined,
    isMissing: gone.some(({ index }) => !isThere(index)),
    present: present && { seq: firstSeq + present.index, recordId: present.id },
  };
}

function flawsOf(taken: Taken, statement: Statement | undefined): Flaw[] {
  const { by, segment } = taken;
  if (taken.isMissing) {
    const unaccounted = { kind: 'removal_unaccounted', segment } as const;
    if (!statement)
      return [
        { ...unaccounted, reason: `records are marked as removed by ${by}, which is no recorded removal` },
      ];
    if (!isStated(taken, statement))
      return [
        { ...unaccounted, reason: `what is marked as removed by ${by} is not what that removal states` },
      ];
  }
  if (!taken.present || !statement?.spared) return [];
  const reason = `the record was removed by ${by} and is there again`;
  return [{ kind: 'removal_undone', segment, ...taken.present, reason }];
}

/** While a removal runs any part of what it takes may be gone; once it is done all of it is, but for what it spared. */
function isStated({ segment, digest, spared }: Taken, statement: Statement): boolean {
  const isTaken = statement.taken.get(segment) === digest;
  return isTaken && (statement.spared === undefined || statement.spared.get(segment) === spared);
}

function partsOf(value: unknown): Map<number, string> {
  const parts = Array.isArray(value) ? (value as unknown[]).filter(isPart) : [];
  return new Map(parts.map(({ segment, digest }) => [segment, digest]));
}

function isPart(value: unknown): value is RemovedPart {
  return isObject(value) && typeof value.segment === 'number' && typeof value.digest === 'string';
}
