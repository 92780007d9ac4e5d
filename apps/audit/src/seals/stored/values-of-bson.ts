import { closeArray, closeObject, comma, openArray, openObject } from '../../bson-text/ascii.ts';
import { pathIn, pathsWithin } from '../format/paths.ts';
import { controls, openMembers, openWithin, special } from '../format/values.ts';
import { addCanonical, addName } from './canonical-bson.ts';
import {
  bsonType,
  documentOf,
  type Element,
  itemsOf,
  memberOf,
  type Member,
  membersOf,
} from '../../bson-text/elements.ts';
import { nameAt } from '../../bson-text/names.ts';
import { isSame } from './same.ts';
import { addByte, close, type Text } from '../../bson-text/text.ts';
import { unusual } from '../../bson-text/unusual.ts';

/** A value that the leaf only commits to. */
export interface Value {
  path: string;
  element: Element;
}

/** A stored record as its members lie in its bytes. */
interface StoredMembers {
  bytes: Buffer;
  members: Member[];
  /** Those of the snapshots; undefined for one that is no object. */
  before: Member[] | undefined;
  after: Member[] | undefined;
}

/** What a leaf may show, in the order in which it does, with what it may show of it where that is not all. */
const openOrder = [...openMembers, ...Object.keys(openWithin), 'changes']
  .sort()
  .map((name) => ({ name, within: openWithin[name] && [...openWithin[name]].sort() }));
/** Everything but what is a value as a whole. */
const noValues = new Set([...openOrder.map(({ name }) => name), ...controls, ...special]);

/**
 * `takeApart` for a record that is still BSON: adds the canonical text of what its leaf shows to `open`, and returns the values
 * that it commits to, in no order. Follows that function step by step, so read the two side by side.
 * @throws unusual for whatever few records have, before anything of it counts
 */
export function takeBsonApart(open: Text, bytes: Buffer): { values: Value[]; salt: Element | undefined } {
  const members = membersOf(bytes, documentOf(bytes));
  if (memberOf(members, 'erased')) throw unusual;
  const [before, after] = [memberOf(members, 'before'), memberOf(members, 'after')];
  const record = { bytes, members, before: objectOf(bytes, before), after: objectOf(bytes, after) };
  const values: Value[] = [];
  for (const member of members) if (!noValues.has(member.name)) take(values, member.name, member);
  addByte(open, openObject);
  for (const { name, within } of openOrder) {
    const element = memberOf(members, name);
    if (element) addOpen(open, record, values, name, element, within);
  }
  close(open, closeObject);
  // A snapshot that is no object is one value.
  if (!record.before) take(values, 'before', before);
  if (!record.after) take(values, 'after', after);
  takeSnapshots(values, record);
  return { values, salt: memberOf(members, 'salt') };
}

function take(values: Value[], path: string, element: Element | undefined): void {
  if (element) values.push({ path, element });
}

/** The members of an object; undefined for all else. */
function objectOf(bytes: Buffer, element: Element | undefined): Member[] | undefined {
  return element?.type === bsonType.object ? membersOf(bytes, element) : undefined;
}

function addOpen(
  open: Text,
  record: StoredMembers,
  values: Value[],
  name: string,
  element: Element,
  within: string[] | undefined,
): void {
  const members = within && objectOf(record.bytes, element);
  if (name === 'changes') addChanges(open, record, values, element);
  else if (members) addWithin(open, record.bytes, values, name, members, within);
  else if (within) take(values, name, element);
  else addMember(open, record.bytes, name, element);
}

function addMember(open: Text, bytes: Buffer, name: string, element: Element): void {
  addName(open, name);
  addCanonical(open, bytes, element);
  addByte(open, comma);
}

function addWithin(
  open: Text,
  bytes: Buffer,
  values: Value[],
  name: string,
  members: Member[],
  shown: string[],
): void {
  addName(open, name);
  addByte(open, openObject);
  for (const member of shown) {
    const inner = memberOf(members, member);
    if (inner) addMember(open, bytes, member, inner);
  }
  close(open, closeObject);
  addByte(open, comma);
  const pathOf = pathsWithin(name);
  for (const member of members) if (!shown.includes(member.name)) take(values, pathOf(member.name), member);
}

function takeSnapshots(values: Value[], { bytes, before = [], after = [] }: StoredMembers): void {
  const equal = new Set<Member>();
  for (const [place, old] of before.entries()) {
    // Nearly always at the same place.
    const fresh = after[place]?.name === old.name ? after[place] : memberOf(after, old.name);
    const isBoth = fresh !== undefined && isSame(bytes, old, fresh);
    if (isBoth) equal.add(fresh);
    take(values, isBoth ? pathIn.both(old.name) : pathIn.before(old.name), old);
  }
  for (const fresh of after) if (!equal.has(fresh)) take(values, pathIn.after(fresh.name), fresh);
}

function addChanges(open: Text, record: StoredMembers, values: Value[], changes: Element): void {
  if (changes.type !== bsonType.array) {
    take(values, 'changes', changes);
    return;
  }
  addName(open, 'changes');
  addByte(open, openArray);
  for (const [index, change] of itemsOf(record.bytes, changes).entries()) {
    addChange(open, record, values, `changes.${index}`, change);
    addByte(open, comma);
  }
  close(open, closeArray);
  addByte(open, comma);
}

const nothing: Element = { type: bsonType.null, start: 0, end: 0 };

function addChange(open: Text, record: StoredMembers, values: Value[], path: string, change: Element): void {
  const { bytes } = record;
  const members = objectOf(bytes, change);
  const field = (members && memberOf(members, 'field')) ?? nothing;
  if (members && isImplied(record, members, field)) {
    addCanonical(open, bytes, field);
    return;
  }
  if (members) addByte(open, openArray);
  addCanonical(open, bytes, field);
  if (members) addByte(open, closeArray);
  else take(values, path, change);
  for (const member of members ?? [])
    if (member.name !== 'field') take(values, `${path}.${member.name}`, member);
}

/** Whether a change says nothing that the snapshots do not. */
function isImplied({ bytes, before, after }: StoredMembers, change: Member[], field: Element): boolean {
  const [old, fresh] = [memberOf(change, 'before'), memberOf(change, 'after')];
  if (field.type !== bsonType.string || change.length !== 3 || !old || !fresh) return false;
  const path = pathAt(bytes, field);
  return isSame(bytes, old, at(bytes, before, path)) && isSame(bytes, fresh, at(bytes, after, path));
}

/** A text that stands for members' names. @throws unusual where those are */
function pathAt(bytes: Buffer, { start, end }: Element): string[] {
  const path = nameAt(bytes, start + 4);
  if (start + 4 + path.length !== end - 1) throw unusual;
  return path.includes('.') ? path.split('.') : [path];
}

/** The value at a path; null where there is none. */
function at(bytes: Buffer, snapshot: Member[] | undefined, path: string[]): Element {
  let members = snapshot;
  let element: Element | undefined;
  for (const member of path) {
    element = members && memberOf(members, member);
    members = objectOf(bytes, element);
  }
  return element ?? nothing;
}
