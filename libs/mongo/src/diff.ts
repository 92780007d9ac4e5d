import type { FieldChange, Snapshot } from '@pipedesk/contracts';
import { isDeepStrictEqual } from 'node:util';
import { alignElements } from './diff-arrays.ts';

/**
 * The fields in which two records differ, nested ones by dotted path (`amount.amount`). Elements of arrays are told one by
 * one: an added one at the place it has now (`tags.2`, before null), a removed one at the place it had (after null), one
 * that changed inside by its place now and the path behind it (`attendees.0.status`). Absent fields count as null.
 */
export function diffRecords(before: Snapshot, after: Snapshot): FieldChange[] {
  return [...changesOf('', before, after)];
}

function* changesOf(prefix: string, before: Snapshot, after: Snapshot): Generator<FieldChange> {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
    yield* changesAt(prefix + key, own(before, key), own(after, key));
}

function* changesAt(field: string, old: unknown, fresh: unknown): Generator<FieldChange> {
  if (isDeepStrictEqual(old, fresh)) return;
  if (isPlainObject(old) && isPlainObject(fresh)) yield* changesOf(`${field}.`, old, fresh);
  else if (Array.isArray(old) && Array.isArray(fresh)) yield* elementChanges(field, old, fresh);
  else yield { field, before: old, after: fresh };
}

function* elementChanges(field: string, before: unknown[], after: unknown[]): Generator<FieldChange> {
  const alignment = alignElements(before, after);
  if (!alignment) {
    yield { field, before, after };
    return;
  }
  const { removed, added, kept, isReplacement } = alignment;
  for (const place of removed)
    yield {
      field: `${field}.${place}`,
      before: before[place],
      after: isReplacement(place) ? after[place] : null,
    };
  for (const place of added)
    if (!isReplacement(place)) yield { field: `${field}.${place}`, before: null, after: after[place] };
  for (const [from, to] of kept) yield* changesAt(`${field}.${to}`, before[from], after[to]);
}

/** Not `record[key]`: a custom field called `constructor` would be found on every object. */
function own(record: Snapshot, key: string): unknown {
  return Object.hasOwn(record, key) ? (record[key] ?? null) : null;
}

function isPlainObject(value: unknown): value is Snapshot {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
