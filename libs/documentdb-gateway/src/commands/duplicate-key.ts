import { deserialize, EJSON, type Document } from 'bson';
import { MongoError } from '../errors/mongo-error.ts';
import type { Row } from '../postgres/pool.ts';
import { statements } from '../postgres/statements.ts';
import { splitDocuments } from '../wire/raw-bson.ts';
import { collectionOf } from './arguments.ts';
import type { Command } from './command.ts';

interface DuplicateError {
  index: number;
  code: number;
  errmsg: string;
}

type Keys = Record<string, unknown>;

const ENGINE_INDEX_NAME = /Index '(.*)'$/;
const CONSTRAINT_OF_INDEX = /documents_rum_index_(\d+)/;
const PRIMARY_KEY: Keys = { _id: 1 };

/** A duplicate-key entry of `writeErrors` in MongoDB's shape, with `keyPattern` and, where the written values are known, `keyValue`. */
export async function describeDuplicate(error: DuplicateError, command: Command): Promise<Document> {
  const name = ENGINE_INDEX_NAME.exec(error.errmsg)?.[1] ?? '_id_';
  const pattern = await patternOf(name, command);
  return { ...error, ...described(name, pattern, writtenAt(command, error.index), command) };
}

/** The same for a whole command that failed on a unique index, such as findAndModify or createIndexes. */
export async function duplicateKeyError(error: Error, command: Command): Promise<MongoError> {
  const id = CONSTRAINT_OF_INDEX.exec(error.message)?.[1];
  const [row] = id ? await lookUp(command, statements.indexById, [id]) : [];
  const name = typeof row?.[0] === 'string' ? row[0] : (ENGINE_INDEX_NAME.exec(error.message)?.[1] ?? '_id_');
  const pattern = row ? keysOf(row) : await patternOf(name, command);
  const { errmsg, ...keys } = described(name, pattern, writtenAt(command, 0), command);
  return new MongoError(11000, errmsg, [], keys);
}

function described(name: string, pattern: Keys | undefined, written: Keys | undefined, command: Command) {
  const { request } = command;
  const keyValue = pattern && written && valuesAt(pattern, written);
  const namespace = `${request.db}.${collectionOf(request)}`;
  const shown = keyValue ? inline(keyValue) : '{ }';
  return {
    errmsg: `E11000 duplicate key error collection: ${namespace} index: ${name} dup key: ${shown}`,
    ...(pattern && { keyPattern: pattern }),
    ...(keyValue && { keyValue }),
  };
}

async function patternOf(name: string, command: Command): Promise<Keys | undefined> {
  if (name === '_id_') return PRIMARY_KEY;
  const { request } = command;
  const [row] = await lookUp(command, statements.indexByName, [request.db, collectionOf(request), name]);
  return row && keysOf(row);
}

/** Outside the command's own transaction, which the failure may have broken; a description is not worth a second failure. */
function lookUp(
  command: Command,
  statement: { name: string; text: string },
  values: unknown[],
): Promise<Row[]> {
  return command.services.pool.run(statement, values).catch(() => []);
}

function keysOf(row: Row): Keys | undefined {
  return Buffer.isBuffer(row[1]) ? deserialize(row[1]) : undefined;
}

/** The values the failed operation would have written, as far as the command shows them, by path. */
function writtenAt({ request }: Command, index: number): Keys | undefined {
  const { updates, documents, ...command } = deserialize(request.body, { promoteValues: false });
  const operations = (updates ?? documents ?? sequenceOf(request)) as Document[] | undefined;
  if (request.name === 'insert') return operations?.[index];
  if (operations)
    return operations[index] && fromUpdate(operations[index].q as Keys, operations[index].u as Keys);
  return fromUpdate(command.query as Keys | undefined, command.update as Keys | undefined);
}

function sequenceOf({ sequences }: Command['request']): Document[] | undefined {
  const documents = sequences[0]?.documents;
  return documents && [...splitDocuments(documents)].map((one) => deserialize(one, { promoteValues: false }));
}

function fromUpdate(query: Keys | undefined, update: Keys | undefined): Keys | undefined {
  if (!update || Array.isArray(update)) return undefined;
  const { $set, $setOnInsert, ...rest } = update as Record<string, Keys | undefined>;
  const replaced = Object.keys(rest).some((key) => key.startsWith('$')) ? {} : rest;
  return { ...query, ...replaced, ...$setOnInsert, ...$set };
}

/** Undefined unless every key's value is plain in what was written. */
function valuesAt(pattern: Keys, written: Keys): Keys | undefined {
  const found = Object.keys(pattern).map((path) => [path, valueAt(written, path)] as const);
  const known = found.every(([, value]) => value !== undefined && !isOperator(value));
  return known ? Object.fromEntries(found) : undefined;
}

function valueAt(document: Keys, path: string): unknown {
  if (path in document) return document[path];
  const steps = path.split('.');
  return steps.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? (value as Keys)[step] : undefined),
    document,
  );
}

function isOperator(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).some((key) => key.startsWith('$'));
}

function inline(keys: Keys): string {
  return `{ ${Object.entries(keys)
    .map(([key, value]) => `${key}: ${EJSON.stringify(value as Document, { relaxed: true })}`)
    .join(', ')} }`;
}
