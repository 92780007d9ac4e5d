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

/** The names of the fields in which two records differ, whatever differs inside them. */
export function differingFields(before: object, after: object): string[] {
  return namesIn(before, after).filter((name) => !areEqual(valueOf(before, name), valueOf(after, name)));
}

function namesIn(before: object, after: object): string[] {
  return [...Object.keys(before), ...Object.keys(after).filter((name) => !Object.hasOwn(before, name))];
}

/** Most fields hold one text or number before and after, and need not be compared member by member. */
function areEqual(old: unknown, fresh: unknown): boolean {
  return Object.is(old, fresh) || isDeepStrictEqual(old, fresh);
}

function* changesOf(prefix: string, before: Snapshot, after: Snapshot): Generator<FieldChange> {
  for (const name of namesIn(before, after))
    yield* changesAt(prefix + name, valueOf(before, name), valueOf(after, name));
}

function* changesAt(field: string, old: unknown, fresh: unknown): Generator<FieldChange> {
  if (areEqual(old, fresh)) return;
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

/** Null when absent. Not `record[field]`: a custom field called `constructor` would be found on every object. */
export function valueOf(record: object, field: string): unknown {
  return Object.hasOwn(record, field) ? ((Reflect.get(record, field) as unknown) ?? null) : null;
}

function isPlainObject(value: unknown): value is Snapshot {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
