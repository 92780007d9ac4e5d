import { sha256 } from './canonical.ts';
import type { ErasedValue } from './record.ts';

/** What a segment keeps of a record that retention took: its place, its id, and the removal. The leaf stays as well. */
export interface RemovedRecord {
  /** Place in the segment, from 0. */
  index: number;
  id: string;
  /** The removal. */
  by: string;
  /** What erasures had taken of it: they go on being held to account. */
  erased?: Pick<ErasedValue, 'path' | 'by'>[];
  /** The removal left it where it was, since it was held by then or not too old any more. */
  spared?: true;
}

/** What a removal says it takes, or spares, of one segment. */
export interface RemovedPart {
  segment: number;
  records: number;
  digest: string;
}

/** The stubs that stand for records, by their places: those of spared ones do not. */
export function stubsByPlace(removed: RemovedRecord[]): Map<number, RemovedRecord> {
  return new Map(removed.filter(({ spared }) => !spared).map((stub) => [stub.index, stub]));
}

/** Over the numbers and ids of one removal's records in one segment, in the order of the chain. */
export function digestOfRemoved(firstSeq: number, removed: RemovedRecord[]): string {
  const places = removed
    .toSorted((one, other) => one.index - other.index)
    .map(({ index, id }) => [firstSeq + index, id]);
  return sha256(`removal:1:${JSON.stringify(places)}`);
}

/** Whoever changed a seal, or a file, need not have kept the shape: what is none of these marks nothing as removed. */
export function removedIn(value: unknown): RemovedRecord[] {
  return Array.isArray(value) ? value.filter(isRemovedRecord) : [];
}

function isRemovedRecord(value: unknown): value is RemovedRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { index, id, by, erased } = value as Record<string, unknown>;
  const isErased = erased === undefined || (Array.isArray(erased) && erased.every(isErasedValue));
  return Number.isInteger(index) && typeof id === 'string' && typeof by === 'string' && isErased;
}

function isErasedValue(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { path, by } = value as Record<string, unknown>;
  return typeof path === 'string' && typeof by === 'string';
}
