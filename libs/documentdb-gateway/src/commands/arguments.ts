import { MongoError } from '../errors/mongo-error.ts';
import type { Row } from '../postgres/pool.ts';
import type { Request } from '../wire/messages.ts';
import { appendElements, arrayElement, readString } from '../wire/raw-bson.ts';

/**
 * The name of the collection a command works on: the value of its first field.
 * @throws MongoError 73 when that is no string
 */
export function collectionOf({ body, fields, name }: Request): string {
  const element = fields.get(name);
  if (element?.type !== 0x02) throw new MongoError(73, `collection name has invalid type in '${name}'`);
  return readString(body, element);
}

/** The command with its document sequences turned into arrays, for calls that only take one document. */
export function wholeBody({ body, sequences }: Request): Buffer {
  if (sequences.length === 0) return body;
  return appendElements(body, ...sequences.map(({ id, documents }) => arrayElement(id, documents)));
}

/** The BSON column of a one-row answer. */
export function bsonColumn(row: Row | undefined, index = 0): Buffer {
  const value = row?.[index];
  if (!Buffer.isBuffer(value)) throw new MongoError(1, 'the engine gave no answer');
  return value;
}
