import type { FieldChange, Snapshot } from '@pipedesk/contracts';
import { isDeepStrictEqual } from 'node:util';

/**
 * The fields in which two records differ, nested objects by dotted path (`amount.amount`). An array is one value: its
 * elements have no identity that a path could name. Absent fields count as null.
 */
export function diffRecords(before: Snapshot, after: Snapshot): FieldChange[] {
  return [...changesOf('', before, after)];
}

function* changesOf(prefix: string, before: Snapshot, after: Snapshot): Generator<FieldChange> {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const field = prefix + key;
    const old = own(before, key);
    const fresh = own(after, key);
    if (isDeepStrictEqual(old, fresh)) continue;
    if (isPlainObject(old) && isPlainObject(fresh)) yield* changesOf(`${field}.`, old, fresh);
    else yield { field, before: old, after: fresh };
  }
}

/** Not `record[key]`: a custom field called `constructor` would be found on every object. */
function own(record: Snapshot, key: string): unknown {
  return Object.hasOwn(record, key) ? (record[key] ?? null) : null;
}

function isPlainObject(value: unknown): value is Snapshot {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
