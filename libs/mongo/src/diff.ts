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
    const old = before[key] ?? null;
    const fresh = after[key] ?? null;
    if (isDeepStrictEqual(old, fresh)) continue;
    if (isPlainObject(old) && isPlainObject(fresh)) yield* changesOf(`${field}.`, old, fresh);
    else yield { field, before: old, after: fresh };
  }
}

function isPlainObject(value: unknown): value is Snapshot {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
