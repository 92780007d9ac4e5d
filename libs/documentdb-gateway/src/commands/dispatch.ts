import { createDuplicateKeys } from './duplicate-key.ts';
import { errorReply, MongoError } from '../errors/mongo-error.ts';
import { codeOfSqlState } from '../errors/sqlstate.ts';
import { translate } from '../errors/translate.ts';
import { PostgresUnavailable } from '../postgres/connection-loss.ts';
import type { Operation } from '../postgres/pool.ts';
import type { Request } from '../wire/messages.ts';
import { readBytes, readElements, readFlag, readInteger } from '../wire/raw-bson.ts';
import { administrationCommands } from './administration.ts';
import type { Command, Handler, Services } from './command.ts';
import { cursorCommands } from './cursors.ts';
import { explain } from './explain.ts';
import { handshakeCommands } from './handshake.ts';
import { sessionCommands } from './sessions.ts';
import { writeCommands } from './writes.ts';
import { insist } from '../postgres/insistence.ts';
import { isRepeatable } from './repeatable.ts';
import { lostRaceToCreate } from './implicit-collection.ts';

const handlers = new Map<string, Handler>(
  Object.entries({
    ...handshakeCommands,
    ...sessionCommands,
    ...cursorCommands,
    ...writeCommands,
    ...administrationCommands,
    explain,
    buildinfo: handshakeCommands.buildInfo,
  } as Record<string, Handler>),
);

/** What identifies the client connection a command came by, and lets it be stopped when the client goes away. */
export interface Origin {
  connectionId: number;
  operation: Operation;
}

const DUPLICATE_KEY = 11000;

/**
 * Carries out one request. Never throws: whatever fails becomes an error reply with MongoDB's code, and ends the transaction it
 * happened in, as MongoDB does.
 */
export async function execute(request: Request, services: Services, origin: Origin): Promise<Buffer> {
  const command = commandOf(request, services, origin);
  try {
    if (request.db === '') throw new MongoError(40571, 'OP_MSG requests require a $db argument');
    const handler = handlers.get(request.name);
    if (!handler) throw new MongoError(59, `no such command: '${request.name}'`);
    command.transaction = await transactionOf(command);
    return await handler(command);
  } catch (error) {
    return errorReply(await failed(error, command));
  }
}

async function failed(error: unknown, command: Command): Promise<MongoError> {
  const { request, session, txnNumber, write, services } = command;
  const inTransaction = isInTransaction(request);
  const commit = request.name === 'commitTransaction';
  if (inTransaction && !commit && session && txnNumber !== undefined) {
    await services.transactions.abort({ session, number: txnNumber });
    if (await lostRaceToCreate(error, command))
      return new MongoError(112, 'the collection is being created by another transaction', [
        'TransientTransactionError',
      ]);
  }
  if (isDuplicateKey(error)) return createDuplicateKeys(command).ofCommand(error);
  return translate(error, {
    inTransaction,
    commit,
    timeLimited: request.fields.has('maxTimeMS'),
    retryableWrite: write !== undefined || error instanceof PostgresUnavailable,
  });
}

function isDuplicateKey(error: unknown): error is Error {
  const { code } = error as { code?: unknown };
  return error instanceof Error && typeof code === 'string' && codeOfSqlState(code) === DUPLICATE_KEY;
}

function commandOf(request: Request, services: Services, { operation, connectionId }: Origin): Command {
  const { body, fields } = request;
  const number = fields.get('txnNumber');
  const session = sessionOf(request);
  const txnNumber = number && readInteger(body, number);
  const retryable = session && txnNumber !== undefined && !isInTransaction(request);
  const command: Command = {
    request,
    services,
    connection: operation,
    connectionId,
    session,
    txnNumber,
    transaction: undefined,
    write: retryable ? { session, number: txnNumber } : undefined,
    run: (statement, values) =>
      command.transaction
        ? command.transaction.run(statement, values, operation)
        : insist(() => services.pool.run(statement, values, operation), isRepeatable(command)),
  };
  return command;
}

/** The id inside `lsid`: `{ id: UUID }`. */
function sessionOf({ body, fields }: Request): Buffer | undefined {
  const lsid = fields.get('lsid');
  if (lsid?.type !== 0x03) return undefined;
  const document = readBytes(body, lsid);
  const id = readElements(document).find(({ name, type }) => name === 'id' && type === 0x05);
  return id && Buffer.from(readBytes(document, id));
}

function isInTransaction({ body, fields }: Request): boolean {
  const autocommit = fields.get('autocommit');
  return autocommit !== undefined && !readFlag(body, autocommit);
}

async function transactionOf({ request, session, txnNumber, services, connection }: Command) {
  const ends = request.name === 'commitTransaction' || request.name === 'abortTransaction';
  if (ends || !isInTransaction(request)) return undefined;
  if (!session || txnNumber === undefined) throw new MongoError(72, 'a transaction needs lsid and txnNumber');
  const id = { session, number: txnNumber };
  const starts = readFlag(request.body, request.fields.get('startTransaction'));
  return starts ? services.transactions.start(id, connection) : services.transactions.join(id, connection);
}
