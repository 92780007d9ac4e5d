import { pathIn, pathsWithin } from '../format/paths.ts';
import { controls, openMembers, openWithin, special } from '../format/values.ts';
import { addCanonical, addName } from './canonical-bson.ts';
import {
  bsonType,
  documentOf,
  type Element,
  itemsOf,
  memberOf,
  type Members,
  membersOf,
  placeOf,
} from './elements.ts';
import { isSame } from './same.ts';
import { addByte, close, type Text } from './text.ts';
import { unusual } from './unusual.ts';

/** A value that the leaf only commits to. */
export interface Value {
  path: string;
  element: Element;
}

/** A stored record as its members lie in its bytes. */
interface StoredMembers {
  bytes: Buffer;
  members: Members;
  /** Members of the snapshots; undefined for one that is no object. */
  before: Members | undefined;
  after: Members | undefined;
}

const [comma, openObject, closeObject, openArray, closeArray] = [0x2c, 0x7b, 0x7d, 0x5b, 0x5d];
/** What a leaf may show, in the order in which it does. */
const openOrder = [...openMembers, ...Object.keys(openWithin), 'changes'].sort();
const withinOrder = new Map(Object.entries(openWithin).map(([name, open]) => [name, [...open].sort()]));
/** Everything but what is a value as a whole. */
const noValues = new Set([...openOrder, ...controls, ...special]);

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
  for (const [place, name] of members.names.entries())
    if (!noValues.has(name)) take(values, name, members.elements[place]);
  addByte(open, openObject);
  for (const name of openOrder) {
    const element = memberOf(members, name);
    if (element) addOpen(open, record, values, name, element);
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
function objectOf(bytes: Buffer, element: Element | undefined): Members | undefined {
  return element?.type === bsonType.object ? membersOf(bytes, element) : undefined;
}

function addOpen(open: Text, record: StoredMembers, values: Value[], name: string, element: Element): void {
  const within = withinOrder.get(name);
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
  members: Members,
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
  for (const [place, member] of members.names.entries())
    if (!shown.includes(member)) take(values, pathOf(member), members.elements[place]);
}

const none: Members = { names: [], elements: [] };

function takeSnapshots(values: Value[], { bytes, before = none, after = none }: StoredMembers): void {
  const isTaken: boolean[] = [];
  for (const [place, member] of before.names.entries()) {
    const element = before.elements[place] ?? nothing;
    const placeAfter = after.names[place] === member ? place : placeOf(after, member);
    const other = after.elements[placeAfter];
    const isBoth = other !== undefined && isSame(bytes, element, other);
    if (isBoth) isTaken[placeAfter] = true;
    take(values, isBoth ? pathIn.both(member) : pathIn.before(member), element);
  }
  for (const [place, member] of after.names.entries())
    if (!isTaken[place]) take(values, pathIn.after(member), after.elements[place]);
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
  for (const [place, member] of members?.names.entries() ?? [])
    if (member !== 'field') take(values, `${path}.${member}`, members?.elements[place]);
}

/** Whether a change says nothing that the snapshots do not. */
function isImplied({ bytes, before, after }: StoredMembers, change: Members, field: Element): boolean {
  const [old, fresh] = [memberOf(change, 'before'), memberOf(change, 'after')];
  if (field.type !== bsonType.string || change.names.length !== 3 || !old || !fresh) return false;
  const path = bytes.toString('utf8', field.start + 4, field.end - 1);
  return isSame(bytes, old, at(bytes, before, path)) && isSame(bytes, fresh, at(bytes, after, path));
}

/** The value at a dotted path; null where there is none. */
function at(bytes: Buffer, snapshot: Members | undefined, path: string): Element {
  let members = snapshot;
  let element: Element | undefined;
  for (const member of path.split('.')) {
    element = members && memberOf(members, member);
    members = objectOf(bytes, element);
  }
  return element ?? nothing;
}
