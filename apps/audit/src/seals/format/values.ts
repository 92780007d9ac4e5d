import { canonical } from './canonical.ts';
import { pathIn } from './paths.ts';
import type { SealableRecord } from './record.ts';

/** A record taken apart: what its leaf shows as it is, and the values it only commits to, by their paths. */
export interface TakenApart {
  open: Record<string, unknown>;
  /** Path -> canonical JSON of the value. */
  values: Map<string, string>;
}

type Members = Record<string, unknown>;

/** Not part of the leaf themselves: they are what its commitments are made with. */
export const controls = new Set(['salt', 'erased']);

/** Everything here is no person's value and stays as long as the record; all else is committed to, new members as well. */
export const openMembers = new Set([
  ...['_id', 'kind', 'tenantId', 'entityType', 'entityId', 'version', 'type', 'source', 'action'],
  ...['time', 'receivedAt', 'key', 'links', 'traceparent', 'fields', 'places', 'ownerId', 'teamId', 'mac'],
]);
export const openWithin: Record<string, Set<string>> = {
  actor: new Set(['type', 'id', 'role']),
  context: new Set(['requestId', 'apiKeyId', 'operationId', 'source', 'authority']),
  lead: new Set(['status', 'ownerId']),
  deal: new Set(['stage', 'pipeline', 'probability']),
};
export const special = new Set(['before', 'after', 'changes']);

/**
 * Paths: `actor.name`; `before.name` and `after.name`, or `both.name` where the two are equal; `changes.0.before`, but
 * only for a change that says anything else than the snapshots do. A member that is no object has its own name as path.
 */
export function takeApart(record: SealableRecord): TakenApart {
  const apart: TakenApart = { open: {}, values: new Map() };
  const members = record as unknown as Members;
  const erased = new Set(record.erased?.values.map(({ path }) => path));
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined || controls.has(name) || special.has(name)) continue;
    const within = openWithin[name];
    if (within && isObject(value)) apart.open[name] = takeMembers(apart.values, name, value, within);
    else if (openMembers.has(name)) apart.open[name] = value;
    else apart.values.set(name, canonical(value));
  }
  takeSnapshots(apart.values, members, erased);
  takeChanges(apart, members, erased);
  return apart;
}

function takeMembers(values: Map<string, string>, name: string, value: Members, open: Set<string>): Members {
  const shown: Members = {};
  for (const [member, inner] of Object.entries(value)) {
    if (open.has(member)) shown[member] = inner;
    else values.set(`${name}.${member}`, canonical(inner));
  }
  return shown;
}

/** Most fields are the same before and after: those are committed to once. */
function takeSnapshots(values: Map<string, string>, { before, after }: Members, erased: Set<string>): void {
  const [old, fresh] = [takeSnapshot(values, 'before', before), takeSnapshot(values, 'after', after)];
  const equal = new Set<string>();
  for (const member of Object.keys(old)) {
    const text = canonical(old[member]);
    const isBoth =
      Object.hasOwn(fresh, member) &&
      isWritten(fresh[member], old[member], text) &&
      !erased.has(pathIn.before(member)) &&
      !erased.has(pathIn.after(member));
    if (isBoth) equal.add(member);
    values.set(isBoth ? pathIn.both(member) : pathIn.before(member), text);
  }
  for (const member of Object.keys(fresh))
    if (!equal.has(member)) values.set(pathIn.after(member), canonical(fresh[member]));
}

/** The members; whatever else a snapshot is, besides absent, is one value. */
function takeSnapshot(values: Map<string, string>, name: string, snapshot: unknown): Members {
  if (isObject(snapshot)) return snapshot;
  if (snapshot !== undefined) values.set(name, canonical(snapshot));
  return {};
}

/** Whether a value has this text, which is another's. */
function isWritten(value: unknown, other: unknown, text: string): boolean {
  return value === other || canonical(value) === text;
}

/** A change is shown by its field; one that the snapshots do not imply is shown as `[field]` and committed to. */
function takeChanges({ open, values }: TakenApart, members: Members, erased: Set<string>): void {
  const { changes } = members;
  if (changes === undefined) return;
  if (!Array.isArray(changes)) {
    values.set('changes', canonical(changes));
    return;
  }
  open.changes = changes.map((change: unknown, index) => {
    const prefix = `changes.${index}`;
    if (isImplied(change, prefix, members, erased)) return change.field;
    if (!isObject(change)) {
      values.set(prefix, canonical(change));
      return null;
    }
    return [takeMembers(values, prefix, change, new Set(['field'])).field];
  });
}

function isImplied(
  change: unknown,
  prefix: string,
  { before, after }: Members,
  erased: Set<string>,
): change is { field: string } {
  if (!isObject(change) || typeof change.field !== 'string' || Object.keys(change).length !== 3) return false;
  if (!('before' in change && 'after' in change)) return false;
  if (erased.has(`${prefix}.before`) || erased.has(`${prefix}.after`)) return false;
  return same(change.before, at(before, change.field)) && same(change.after, at(after, change.field));
}

function same(one: unknown, other: unknown): boolean {
  return one === other || canonical(one) === canonical(other);
}

/** The value at a dotted path; null where there is none. */
function at(snapshot: unknown, path: string): unknown {
  let value: unknown = snapshot;
  for (const member of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, member)) return null;
    value = value[member];
  }
  return value ?? null;
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
