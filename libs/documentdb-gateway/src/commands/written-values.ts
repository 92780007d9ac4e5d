import { deserialize, type Document } from 'bson';
import type { Request } from '../wire/messages.ts';
import { readBytes, readElements, splitDocuments } from '../wire/raw-bson.ts';

export type Keys = Record<string, unknown>;

/** What a write would have stored, by field path, as far as the command shows it. */
export interface WrittenValues {
  at(position: number): WrittenFields | undefined;
}

interface WrittenFields {
  fields: Keys;
  /** A whole document: what it lacks is null to an index. */
  complete: boolean;
}

/** Reads the values of single operations out of a write command; nothing is deserialized before it is asked for. */
export function createWrittenValues(request: Request): WrittenValues {
  let operations: Buffer[] | undefined;
  const load = (): Buffer[] => {
    const [sequence] = request.sequences;
    return sequence ? [...splitDocuments(sequence.documents)] : operationsInBody(request);
  };

  return {
    at(position) {
      const operation = (operations ??= load())[position];
      if (!operation) return undefined;
      const document = deserialize(operation, { promoteValues: false });
      if (request.name === 'insert') return { fields: document, complete: true };
      return fromUpdate(
        (document.q ?? document.query) as Keys | undefined,
        (document.u ?? document.update) as Keys,
      );
    },
  };
}

/** The elements of the command's array; a command without one, like findAndModify, is its only operation. */
function operationsInBody({ body, fields }: Request): Buffer[] {
  const array = fields.get('documents') ?? fields.get('updates');
  if (array?.type !== 0x04) return [body];
  const bytes = readBytes(body, array);
  return readElements(bytes)
    .filter(({ type }) => type === 0x03)
    .map(({ value, end }) => bytes.subarray(value, end));
}

function fromUpdate(query: Keys | undefined, update: Keys | undefined): WrittenFields | undefined {
  if (!update || Array.isArray(update)) return undefined;
  const { $set, $setOnInsert, ...rest } = update as Record<string, Keys | undefined>;
  const replaces = !$set && !$setOnInsert && !Object.keys(rest).some((key) => key.startsWith('$'));
  if (replaces)
    return { fields: { ...(query && '_id' in query && { _id: query._id }), ...rest }, complete: true };
  return { fields: { ...query, ...$setOnInsert, ...$set }, complete: false };
}

/** The values of an index's keys; undefined unless the command shows every one of them. */
export function valuesAt(pattern: Keys, { fields, complete }: WrittenFields): Keys | undefined {
  const found = Object.keys(pattern).map(
    (path) => [path, valueAt(fields, path) ?? (complete ? null : undefined)] as const,
  );
  const known = found.every(([, value]) => value !== undefined && !isOperator(value));
  return known ? Object.fromEntries(found) : undefined;
}

function valueAt(fields: Keys, path: string): unknown {
  if (path in fields) return fields[path];
  return path
    .split('.')
    .reduce<unknown>((value, step) => (isDocument(value) ? value[step] : undefined), fields);
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null;
}

function isOperator(value: unknown): boolean {
  return isDocument(value) && Object.keys(value).some((key) => key.startsWith('$'));
}
