import { deserialize, serialize, type Binary } from 'bson';
import { MongoError } from '../errors/mongo-error.ts';
import type { TransactionId } from '../sessions/transactions.ts';
import type { Command, Handler } from './command.ts';

const OK = Buffer.from(serialize({ ok: 1 }));

const commitTransaction: Handler = async (command) => {
  await command.services.transactions.commit(transactionId(command));
  return OK;
};

const abortTransaction: Handler = async (command) => {
  await command.services.transactions.abort(transactionId(command));
  return OK;
};

const endSessions: Handler = async ({ request, services }) => {
  const lists = Object.values(deserialize(request.body, { promoteBuffers: true })) as {
    id?: Buffer | Binary;
  }[][];
  const sessions = (Array.isArray(lists[0]) ? lists[0] : [])
    .map(({ id }) => id)
    .filter((id) => Buffer.isBuffer(id));
  await Promise.all(sessions.map((session) => services.transactions.abortSession(session)));
  return OK;
};

function transactionId({ session, txnNumber }: Command): TransactionId {
  if (!session || txnNumber === undefined) throw new MongoError(251, 'no transaction is in progress');
  return { session, number: txnNumber };
}

/** Ends of transactions and sessions. */
export const sessionCommands: Record<string, Handler> = {
  commitTransaction,
  abortTransaction,
  endSessions,
  killSessions: endSessions,
};
