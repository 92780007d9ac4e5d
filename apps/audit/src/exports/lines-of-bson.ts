import { isUtf8 } from 'node:buffer';
import { closeObject, comma, newLine, openObject } from '../bson-text/ascii.ts';
import {
  bsonType,
  documentOf,
  type Element,
  memberOf,
  type Member,
  membersOf,
} from '../bson-text/elements.ts';
import { addJson } from '../bson-text/json-of-bson.ts';
import { addAscii, addByte, addBytes, close, createText, type Text } from '../bson-text/text.ts';
import { unusual } from '../bson-text/unusual.ts';
import { addCsvCell } from './csv-of-bytes.ts';
import { csvColumns } from './csv-columns.ts';

/** What a record shows, by the names of the contract, in the order of `toAuditRecord`, and where it is stored. */
const shown = Object.entries({
  id: '_id',
  type: 'type',
  entityType: 'entityType',
  entityId: 'entityId',
  version: 'version',
  action: 'action',
  time: 'time',
  receivedAt: 'receivedAt',
  actor: 'actor',
  before: 'before',
  after: 'after',
  changes: 'changes',
  context: 'context',
  links: 'links',
  lead: 'lead',
  deal: 'deal',
}).map(([name, stored]) => ({ stored, label: Buffer.from(`"${name}":`) }));

const absent = 0;
/** What the making of a record goes by. */
const usualTypes: [string, number[]][] = [
  ['time', [bsonType.date]],
  ['receivedAt', [bsonType.date]],
  ['lead', [bsonType.object, absent]],
  ['deal', [bsonType.object, absent]],
  ['erased', [absent]],
];

/**
 * Adds the line of a record that is still BSON: what `jsonLineOf` gives for the decoded one, faster, and without
 * an object for the collector to take away.
 * @throws unusual for a record that is to be decoded; something of it may have been added by then
 */
export function addJsonLine(text: Text, bytes: Buffer): void {
  const members = usualMembersOf(bytes);
  addByte(text, openObject);
  for (const { stored, label } of shown) {
    const member = memberOf(members, stored);
    if (!member) continue;
    addBytes(text, label);
    addJson(text, bytes, member.type, member.start);
    addByte(text, comma);
  }
  close(text, closeObject);
  addByte(text, newLine);
}

/** A record's members, and those of its objects by their paths. */
type Walked = Map<string, Member[]>;

function placeOf(path: string) {
  const dot = path.lastIndexOf('.');
  return { within: path.slice(0, Math.max(dot, 0)), name: path.slice(dot + 1) };
}

const columns = Object.values(csvColumns).map(placeOf);
/** The objects that columns lie in, outer ones before those in them: each is walked once a record. */
const objects = [...new Set(columns.map(({ within }) => within))]
  .filter((path) => path !== '')
  .map((path) => ({ path, ...placeOf(path) }));

/** `addJsonLine` for `csvLineOf`. */
export function addCsvLine(text: Text, bytes: Buffer): void {
  const walked: Walked = new Map([['', usualMembersOf(bytes)]]);
  for (const { path, ...place } of objects) {
    const object = elementAt(walked, place);
    walked.set(path, object?.type === bsonType.object ? membersOf(bytes, object) : []);
  }
  for (const place of columns) {
    addCell(text, bytes, elementAt(walked, place));
    addByte(text, comma);
  }
  text.length--;
  addAscii(text, '\r\n');
}

function elementAt(walked: Walked, { within, name }: ReturnType<typeof placeOf>): Element | undefined {
  return memberOf(walked.get(within) ?? [], name);
}

const json = createText();

function addCell(text: Text, bytes: Buffer, element: Element | undefined): void {
  if (!element || element.type === bsonType.null) return addCsvCell(text, bytes, 0, 0);
  if (element.type === bsonType.string) return addText(text, bytes, element);
  json.length = 0;
  addJson(json, bytes, element.type, element.start);
  // A time is a JSON string, and stands without its quotes.
  const quotes = element.type === bsonType.date ? 1 : 0;
  addCsvCell(text, json.bytes, quotes, json.length - quotes);
}

function addText(text: Text, bytes: Buffer, { start, end }: Element): void {
  const [first, last] = [start + 4, end - 1];
  if (bytes[last] !== 0 || !isUtf8(bytes.subarray(first, last))) throw unusual;
  addCsvCell(text, bytes, first, last);
}

/** @throws unusual for a record of which more is to be known than how its members lie */
function usualMembersOf(bytes: Buffer): Member[] {
  const members = membersOf(bytes, documentOf(bytes));
  for (const [name, types] of usualTypes)
    if (!types.includes(memberOf(members, name)?.type ?? absent)) throw unusual;
  return members;
}
