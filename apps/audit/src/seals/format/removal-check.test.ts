import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Segment } from './segment-check.ts';
import type { SealableRecord } from './record.ts';
import { createRemovalCheck, takenIn } from './removal-check.ts';
import { digestOfRemoved, type RemovedPart, type RemovedRecord } from './removed.ts';
import { noSeal } from './seal.ts';

const tenantId = 'tenant';
const idAt = (segment: number, index: number) => `deal:${segment}-${index}:1`;

/** What became of each record of a segment. */
type Fate = 'stays' | 'taken' | 'spared';
const fates = fc.array(fc.constantFrom<Fate>('stays', 'taken', 'spared'), { minLength: 1, maxLength: 12 });
const chains = fc.array(fates, { minLength: 1, maxLength: 5 });

function stubsOf(segment: number, all: Fate[]): RemovedRecord[] {
  return all.flatMap((fate, index) => {
    const stub = { index, id: idAt(segment, index), by: 'removal' };
    if (fate === 'stays') return [];
    return [fate === 'spared' ? { ...stub, spared: true as const } : stub];
  });
}

function segmentOf(segment: number, firstSeq: number, all: Fate[]): Segment {
  const seal = {
    ...{ v: 1 as const, tenantId, segment, firstSeq, lastSeq: firstSeq + all.length - 1, count: all.length },
    ...{ root: '', previous: noSeal, sealedAt: '', keyId: '', signature: '' },
  };
  return {
    seal,
    ids: all.map((_, index) => idAt(segment, index)),
    leaves: [],
    records: all.map((fate, index) =>
      fate === 'taken' ? undefined : { _id: idAt(segment, index), tenantId },
    ),
    removed: stubsOf(segment, all),
  };
}

function chainOf(chain: Fate[][]): Segment[] {
  let seq = 1;
  return chain.map((all, place) => {
    const segment = segmentOf(place + 1, seq, all);
    seq += all.length;
    return segment;
  });
}

function statementsOf(segments: Segment[]): SealableRecord[] {
  const part = ({ seal }: Segment, some: RemovedRecord[]): RemovedPart[] =>
    some.length > 0
      ? [{ segment: seal.segment, records: some.length, digest: digestOfRemoved(seal.firstSeq, some) }]
      : [];
  const record = (version: number, after: object) =>
    ({
      _id: `audit_removal:removal:${version}`,
      tenantId,
      entityType: 'audit_removal',
      entityId: 'removal',
      after,
    }) as SealableRecord;
  return [
    record(1, { segments: segments.flatMap((one) => part(one, one.removed ?? [])) }),
    record(2, {
      spared: segments.flatMap((one) =>
        part(
          one,
          (one.removed ?? []).filter(({ spared }) => spared),
        ),
      ),
    }),
  ];
}

function check(segments: Segment[], statements: SealableRecord[], isLate = false) {
  const removals = createRemovalCheck();
  for (const segment of segments) removals.taken(takenIn(segment));
  for (const statement of statements) removals.record(statement, isLate);
  return removals.unaccounted();
}

describe('what was removed', () => {
  it('is accounted for by what the removal states, whatever it took and spared', () => {
    fc.assert(
      fc.property(chains, (chain) => {
        const segments = chainOf(chain);
        expect(check(segments, statementsOf(segments))).toEqual([]);
      }),
    );
  });

  it('is while it runs any part of what is stated', () => {
    fc.assert(
      fc.property(chains, fc.infiniteStream(fc.boolean()), (chain, isThere) => {
        const planned = chainOf(chain.map((all) => all.map((fate) => (fate === 'stays' ? fate : 'taken'))));
        const underway = planned.map((segment) => ({
          ...segment,
          records: segment.records.map((record, index) =>
            record || isThere.next().value ? { _id: segment.ids[index] ?? '', tenantId } : undefined,
          ),
        }));
        expect(check(underway, statementsOf(planned).slice(0, 1))).toEqual([]);
      }),
    );
  });

  it('is not when any stub of it is another one, or none', () => {
    fc.assert(
      fc.property(
        chains,
        fc.nat(),
        fc.constantFrom('gone', 'moved', 'renamed', 'spared'),
        (chain, pick, how) => {
          const segments = chainOf(chain);
          const statements = statementsOf(segments);
          const taken = segments.flatMap(({ removed = [] }, place) =>
            removed.filter(({ spared }) => !spared).map((stub) => ({ place, stub })),
          );
          const chosen = taken[pick % Math.max(1, taken.length)];
          fc.pre(chosen !== undefined);
          const { place, stub } = chosen;
          const segment = segments[place] as Segment;
          const others = (segment.removed ?? []).filter((one) => one !== stub);
          // With the last of a segment's missing records goes what the check could go by: then the record is missed.
          fc.pre(others.some(({ spared }) => !spared));
          const changed: Record<typeof how, RemovedRecord[]> = {
            gone: others,
            moved: [...others, { ...stub, index: stub.index + 100 }],
            renamed: [...others, { ...stub, id: 'deal:other:1' }],
            spared: [...others, { ...stub, spared: true }],
          };
          segments[place] = { ...segment, removed: changed[how] };
          expect(check(segments, statements)).toMatchObject([
            { kind: 'removal_unaccounted', segment: place + 1 },
          ]);
        },
      ),
    );
  });

  it('has no result yet for whoever began to read before it', () => {
    const [segment] = chainOf([['taken', 'stays']]);
    const before = {
      ...(segment as Segment),
      records: (segment as Segment).ids.map((_id) => ({ _id, tenantId })),
    };
    const statements = statementsOf([segment as Segment]);
    expect(check([before], statements, true)).toEqual([]);
    expect(check([before], statements)).toMatchObject([{ kind: 'removal_undone', seq: 1 }]);
  });
});
