import { describe, expect, it } from '@jest/globals';
import type { FieldChange, Snapshot } from '@pipedesk/contracts';
import fc from 'fast-check';
import { diffRecords } from './diff.ts';

const leaf = fc.oneof(fc.constantFrom('a', 'b', 'c', ''), fc.integer({ min: 0, max: 3 }), fc.boolean());
const guest = fc.record({ email: fc.constantFrom('x@x', 'y@y', 'z@z'), status: leaf });
const lists = fc.oneof(
  fc.array(leaf, { maxLength: 8 }),
  fc.uniqueArray(guest, { maxLength: 3, selector: ({ email }) => email }),
);
const record = fc.record({
  name: fc.option(leaf),
  list: fc.option(lists),
  nested: fc.option(fc.record({ deep: leaf, list: lists })),
}) as fc.Arbitrary<Snapshot>;

/** What a reader of the changes makes of the record before them: what went goes, what came comes, the rest is set. */
function apply(before: Snapshot, changes: FieldChange[]): Snapshot {
  const result = structuredClone(before);
  const split = changes.map((change) => ({ ...change, ...resolve(result, change.field) }));
  const elements = split.filter(({ holder }) => Array.isArray(holder));
  for (const { holder, key, before: gone } of elements.toSorted((a, b) => Number(b.key) - Number(a.key)))
    if (gone !== null) (holder as unknown[]).splice(Number(key), 1);
  for (const { holder, key, after } of elements.toSorted((a, b) => Number(a.key) - Number(b.key)))
    if (after !== null) (holder as unknown[]).splice(Number(key), 0, after);
  for (const { field, after } of split.filter(({ holder }) => !Array.isArray(holder))) {
    const { holder, key } = resolve(result, field);
    Reflect.set(holder, key, after);
  }
  return result;
}

function resolve(root: Snapshot, field: string): { holder: object; key: string } {
  const path = field.split('.');
  const key = path.pop() ?? '';
  let holder: object = root;
  for (const member of path) {
    const next: unknown = Reflect.get(holder, member);
    // A place that is only there after the elements have come and gone.
    if (typeof next !== 'object' || next === null) return { holder: {}, key };
    holder = next;
  }
  return { holder, key };
}

describe('the changes between two records', () => {
  it('lead from the one to the other', () => {
    fc.assert(
      fc.property(record, record, (before, after) => {
        expect(apply(before, diffRecords(before, after))).toEqual(after);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never tell more elements than there are, and nothing that has stayed as it was', () => {
    fc.assert(
      fc.property(lists, lists, (before: unknown[], after: unknown[]) => {
        const changes = diffRecords({ list: before }, { list: after });
        const whole = changes.filter(({ field }) => field.split('.').length < 3);
        expect(whole.filter((change) => change.before !== null).length).toBeLessThanOrEqual(before.length);
        expect(whole.filter((change) => change.after !== null).length).toBeLessThanOrEqual(after.length);
        for (const change of changes) expect(change.before).not.toEqual(change.after);
      }),
    );
  });

  it('are the same ones backwards when nothing stood twice and nothing moved', () => {
    const sorted = fc
      .uniqueArray(fc.integer({ min: 0, max: 9 }))
      .map((list) => list.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(sorted, sorted, (before, after) => {
        const there = diffRecords({ list: before }, { list: after });
        const back = diffRecords({ list: after }, { list: before });
        const swapped = back.map((change) => ({ ...change, before: change.after, after: change.before }));
        const lines = (changes: FieldChange[]) =>
          changes
            .map(({ field, before: old, after: fresh }) => JSON.stringify([field, old, fresh]))
            .toSorted();
        expect(lines(swapped)).toEqual(lines(there));
      }),
    );
  });
});
