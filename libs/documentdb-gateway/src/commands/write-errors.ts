import { deserialize, serialize, type Document } from 'bson';
import { MongoError } from '../errors/mongo-error.ts';
import { codeOfSqlState, unpackSqlState } from '../errors/sqlstate.ts';
import { labelsFor } from '../errors/translate.ts';
import { createDuplicateKeys } from './duplicate-key.ts';
import type { Command } from './command.ts';

const DUPLICATE_KEY = 11000;
const WRITE_CONFLICT = 112;

interface WriteError extends Document {
  index: number;
  code: number;
  errmsg: string;
}

/**
 * The reply of a write of which something failed, with MongoDB's codes in place of the engine's.
 * @throws MongoError 112 in a transaction that lost against another
 */
export async function withWriteErrors(reply: Buffer, command: Command): Promise<Buffer> {
  const document = deserialize(reply, { promoteValues: false });
  const errors = ((document.writeErrors as Document[] | undefined) ?? []).map(withMongoCode);
  const conflict = errors.find(({ code }) => code === WRITE_CONFLICT);
  if (conflict && command.transaction) {
    throw new MongoError(WRITE_CONFLICT, conflict.errmsg, labelsFor(WRITE_CONFLICT, { inTransaction: true }));
  }
  const duplicateKeys = createDuplicateKeys(command);
  const described: Document[] = [];
  for (const error of errors) {
    described.push(error.code === DUPLICATE_KEY ? await duplicateKeys.ofOperation(error) : error);
  }
  if (described.length > 0) document.writeErrors = described;
  if (described.length > 0) await endTransaction(command);
  return Buffer.from(serialize(document));
}

/** As in MongoDB, a transaction does not survive an error inside it. */
async function endTransaction({ transaction, session, services }: Command): Promise<void> {
  if (transaction && session) await services.transactions.abort({ session, number: transaction.number });
}

function withMongoCode(error: Document): WriteError {
  const code = codeOfSqlState(unpackSqlState(Number(error.code)));
  return { ...error, index: Number(error.index), code, errmsg: String(error.errmsg) };
}
