import { type ErasureRequest, isNeverRemoved } from '@pipedesk/contracts';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { leafOf, placeholderOf, saltsOf } from '../seals/format/leaf.ts';
import type { ErasedValue } from '../seals/format/record.ts';
import { isObject, takeApart } from '../seals/format/values.ts';

/** Whose values go. Texts are lower-case. */
export type ErasureTarget = Pick<ErasureRequest, 'entity' | 'texts'>;

type Members = Record<string, unknown>;

/** What a record is about rather than whom: it stays, so that the trail stays readable. */
const kept = new Set([
  ...['id', 'version', 'createdAt', 'updatedAt', 'deletedAt', 'ownerId', 'teamId', 'companyId', 'userId'],
  ...['stage', 'status', 'pipeline', 'probability', 'role', 'closedOn', 'engagedOn', 'links'],
]);
/** The actor's own traces, in whatever they did. */
const tracesOfActor = ['actor.name', 'context.ip', 'context.userAgent'];
/** Made of the values: the words they can be found by, and a hash that would tell whether a guess at them is right. */
const derived = ['words', 'payloadHash'];

/**
 * The record without the target's values, or undefined when it has none. The leaf stays what it was: erased values
 * leave their commitments, and the others' salts are kept singly since the record's own would give back all.
 */
export function eraseValues(record: AuditLog, target: ErasureTarget, by: string): AuditLog | undefined {
  const { values, open } = takeApart(record);
  const gone = new Set(record.erased?.values.map(({ path }) => path));
  const paths = [...values].filter(([path, text]) => !gone.has(path) && isTarget(record, path, text, target));
  if (paths.length === 0) return undefined;
  const fresh = new Set(paths.map(([path]) => path));
  for (const path of derived) if (values.has(path) && !gone.has(path)) fresh.add(path);
  return without(record, { paths: fresh, all: [...values.keys()], implied: impliedChanges(open) }, by);
}

function isTarget(record: AuditLog, path: string, text: string, { entity, texts }: ErasureTarget): boolean {
  if (text === 'null' || !isErasable(record, path)) return false;
  if (entity?.entityId === record.actor.id && tracesOfActor.includes(path)) return true;
  const isOwn = entity?.entityId === record.entityId && entity.entityType === record.entityType;
  if (isOwn && /^(before|after|both|changes)\./.test(path)) return true;
  const folded = texts.length > 0 ? text.toLowerCase() : '';
  return texts.some((wanted) => folded.includes(JSON.stringify(wanted).slice(1, -1)));
}

function isErasable({ entityType }: AuditLog, path: string): boolean {
  if (path === 'lead.source' || tracesOfActor.includes(path)) return true;
  const [container = '', member = ''] = path.split('.', 2);
  // By these records what is gone is accounted for, and what they order is no person's; a hold's reason may name one all the same.
  if (isNeverRemoved(entityType)) return entityType === 'audit_hold' && member === 'reason';
  if (container === 'changes') return true;
  return /^(before|after|both)$/.test(container) && !kept.has(member);
}

interface Emptying {
  paths: Set<string>;
  all: string[];
  /** Changes that only repeat the snapshots: they have no commitments of their own and follow what they repeat. */
  implied: Set<number>;
}

function impliedChanges({ changes }: Members): Set<number> {
  const shown = Array.isArray(changes) ? (changes as unknown[]) : [];
  return new Set(shown.flatMap((change, index) => (typeof change === 'string' ? [index] : [])));
}

function without(record: AuditLog, { paths, all, implied }: Emptying, by: string): AuditLog {
  const commitments = leafOf(record, 0).values;
  const salts = saltsOf(record, [...all]);
  const values: ErasedValue[] = [...paths].map((path) => ({
    path,
    commitment: commitments[path] ?? '',
    by,
  }));
  const emptied: AuditLog = {
    ...structuredClone(record),
    erased: {
      values: [...(record.erased?.values ?? []), ...values],
      salts: [...salts].filter(([path]) => !paths.has(path)).map(([path, salt]) => ({ path, salt })),
    },
  };
  delete emptied.salt;
  for (const path of paths) empty(emptied as unknown as Members, path, implied);
  return emptied;
}

function empty(record: Members, path: string, implied: Set<number>): void {
  const dot = path.indexOf('.');
  if (dot < 0) {
    record[path] = placeholderOf(path);
    return;
  }
  const [container, member] = [path.slice(0, dot), path.slice(dot + 1)];
  if (container === 'changes') emptyChange(record.changes, member);
  else
    for (const name of container === 'both' ? ['before', 'after'] : [container])
      emptyMember(record, { name, member, path }, implied);
}

function emptyChange(changes: unknown, path: string): void {
  const [index, member] = path.split('.', 2);
  const change: unknown = Array.isArray(changes) ? changes[Number(index)] : undefined;
  if (isObject(change) && member !== undefined) change[member] = null;
}

/** With a snapshot's member go the changes that repeat it, or parts of it. */
interface Place {
  name: string;
  member: string;
  path: string;
}

function emptyMember(record: Members, { name, member, path }: Place, implied: Set<number>): void {
  const container = record[name];
  if (!isObject(container)) return;
  container[member] = placeholderOf(path);
  if (name !== 'before' && name !== 'after') return;
  for (const [index, change] of (record.changes as Members[]).entries())
    if (implied.has(index) && isWithin(String(change.field), member)) change[name] = null;
}

function isWithin(field: string, member: string): boolean {
  return field === member || field.startsWith(`${member}.`);
}
