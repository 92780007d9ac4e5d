import { deserialize, serialize } from 'bson';
import { MongoError } from '../errors/mongo-error.ts';
import type { Statement } from '../postgres/pool.ts';
import { statements } from '../postgres/statements.ts';
import { bsonColumn, collectionOf, wholeBody } from './arguments.ts';
import type { Command, Handler } from './command.ts';

const reply = (document: Record<string, unknown>): Buffer => Buffer.from(serialize({ ...document, ok: 1 }));

/** A call that takes the database and the command and gives the reply. */
const passing =
  (statement: Statement): Handler =>
  async ({ request, run }) =>
    bsonColumn((await run(statement, [request.db, wholeBody(request)]))[0]);

/** A call that takes the command alone. */
const passingAlone =
  (statement: Statement): Handler =>
  async ({ request, run }) =>
    bsonColumn((await run(statement, [request.body]))[0]);

const drop: Handler = async ({ request, run }) => {
  const collection = collectionOf(request);
  const [row] = await run(statements.drop, [request.db, collection]);
  if (row?.[0] !== true) throw new MongoError(26, 'ns not found');
  return reply({ ns: `${request.db}.${collection}` });
};

const dropDatabase: Handler = async ({ request, run }) => {
  await run(statements.dropDatabase, [request.db]);
  return reply({ dropped: request.db });
};

const collMod: Handler = async ({ request, run }) =>
  bsonColumn((await run(statements.collMod, [request.db, collectionOf(request), request.body]))[0]);

const scaleOf = ({ request }: Command): number => Number(deserialize(request.body).scale ?? 1);

const collStats: Handler = async (command) => {
  const values = [command.request.db, collectionOf(command.request), scaleOf(command)];
  return bsonColumn((await command.run(statements.collStats, values))[0]);
};

const dbStats: Handler = async (command) =>
  bsonColumn((await command.run(statements.dbStats, [command.request.db, scaleOf(command)]))[0]);

/** Definitions, statistics, and reads of a single document. */
export const administrationCommands: Record<string, Handler> = {
  count: passing(statements.count),
  distinct: passing(statements.distinct),
  createIndexes: passing(statements.createIndexes),
  dropIndexes: passing(statements.dropIndexes),
  deleteIndexes: passing(statements.dropIndexes),
  create: passing(statements.create),
  drop,
  dropDatabase,
  collMod,
  renameCollection: passingAlone(statements.renameCollection),
  listDatabases: passingAlone(statements.listDatabases),
  currentOp: passingAlone(statements.currentOp),
  collStats,
  dbStats,
  dbstats: dbStats,
  validate: passing(statements.validate),
};
