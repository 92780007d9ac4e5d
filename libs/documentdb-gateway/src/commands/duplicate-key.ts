import { deserialize, EJSON, type Document } from 'bson';
import { MongoError } from '../errors/mongo-error.ts';
import type { Row, Statement } from '../postgres/pool.ts';
import { statements } from '../postgres/statements.ts';
import { collectionOf } from './arguments.ts';
import type { Command } from './command.ts';
import { createWrittenValues, valuesAt, type Keys } from './written-values.ts';

interface DuplicateError {
  index: number;
  errmsg: string;
}

/** Describes violations of unique indexes as MongoDB does: the E11000 message, `keyPattern` and, where it is known, `keyValue`. */
export interface DuplicateKeys {
  /** For one entry of `writeErrors`. */
  ofOperation(error: DuplicateError & Document): Promise<Document>;
  /** For a command that failed as a whole, such as findAndModify or createIndexes. */
  ofCommand(error: Error): Promise<MongoError>;
}

interface Index {
  name: string;
  pattern: Keys | undefined;
}

const ENGINE_INDEX_NAME = /Index '(.*)'$/;
const CONSTRAINT_OF_INDEX = /documents_rum_index_(\d+)/;
const PRIMARY_KEY: Index = { name: '_id_', pattern: { _id: 1 } };

/** One describer serves all the errors of a command, so that thousands of them cost one look-up an index. */
export function createDuplicateKeys(command: Command): DuplicateKeys {
  const { request, services } = command;
  const written = createWrittenValues(request);
  const indexes = new Map<string, Promise<Index>>();

  /** Outside the command's own transaction, which the failure may have broken; a description is not worth a second failure. */
  const lookUp = async (name: string, statement: Statement, values: unknown[]): Promise<Index> => {
    const [row] = await services.pool.run(statement, values).catch((): Row[] => []);
    return { name: typeof row?.[0] === 'string' ? row[0] : name, pattern: keysOf(row) };
  };
  const indexNamed = (name: string): Promise<Index> => {
    if (name === PRIMARY_KEY.name) return Promise.resolve(PRIMARY_KEY);
    const known =
      indexes.get(name) ?? lookUp(name, statements.indexByName, [request.db, collectionOf(request), name]);
    indexes.set(name, known);
    return known;
  };
  const indexOf = (message: string): Promise<Index> => {
    const constraint = CONSTRAINT_OF_INDEX.exec(message);
    if (constraint) return lookUp(constraint[0], statements.indexById, [constraint[1]]);
    return indexNamed(ENGINE_INDEX_NAME.exec(message)?.[1] ?? PRIMARY_KEY.name);
  };
  const describe = async (message: string, position: number) => {
    const { name, pattern } = await indexOf(message);
    const values = written.at(position);
    const keyValue = pattern && values && valuesAt(pattern, values);
    const namespace = `${request.db}.${collectionOf(request)}`;
    return {
      errmsg: `E11000 duplicate key error collection: ${namespace} index: ${name} dup key: ${inline(keyValue)}`,
      keys: { ...(pattern && { keyPattern: pattern }), ...(keyValue && { keyValue }) },
    };
  };

  return {
    async ofOperation(error) {
      const { errmsg, keys } = await describe(error.errmsg, error.index);
      return { ...error, errmsg, ...keys };
    },
    async ofCommand(error) {
      const { errmsg, keys } = await describe(error.message, 0);
      return new MongoError(11000, errmsg, [], keys);
    },
  };
}

function keysOf(row: Row | undefined): Keys | undefined {
  return Buffer.isBuffer(row?.[1]) ? deserialize(row[1]) : undefined;
}

function inline(keys: Keys | undefined): string {
  const shown = Object.entries(keys ?? {}).map(
    ([key, value]) => `${key}: ${EJSON.stringify(value as Document, { relaxed: true })}`,
  );
  return shown.length > 0 ? `{ ${shown.join(', ')} }` : '{ }';
}
