import { deserialize, serialize, Long } from 'bson';
import { MongoError } from '../errors/mongo-error.ts';
import type { Statement } from '../postgres/pool.ts';
import { statements } from '../postgres/statements.ts';
import { readInteger } from '../wire/raw-bson.ts';
import { bsonColumn, wholeBody } from './arguments.ts';
import type { Command, Handler } from './command.ts';

/** Runs a command that answers with the first batch of a cursor, and keeps what the next batches need. */
const opening =
  (statement: Statement): Handler =>
  async (command) => {
    const { request, run } = command;
    const [row] = await run(statement, [request.db, wholeBody(request)]);
    keep(command, String(row?.[2]), row?.[1]);
    return bsonColumn(row);
  };

function keep(
  { services, request, connection, transaction }: Command,
  id: string,
  continuation: unknown,
): void {
  if (!Buffer.isBuffer(continuation) || id === '0') return;
  services.cursors.add({ id, db: request.db, continuation, owner: connection, transaction });
}

const getMore: Handler = async (command) => {
  const { request, services, run, transaction } = command;
  const element = request.fields.get('getMore');
  const id = element && readInteger(request.body, element);
  if (id === undefined)
    throw new MongoError(14, "The BSON field 'getMore.getMore' is the wrong type, expected type 'long'");
  const cursor = services.cursors.take(id.toString());
  const readable = cursor.db === request.db && cursor.transaction === transaction;
  if (!readable) {
    services.cursors.add(cursor);
    throw new MongoError(
      cursor.db === request.db ? 251 : 13,
      `cursor ${id} belongs to another database or transaction`,
    );
  }
  const [row] = await run(statements.getMore, [request.db, request.body, cursor.continuation]);
  keep(command, cursor.id, row?.[1]);
  return bsonColumn(row);
};

const killCursors: Handler = async ({ request, services, run }) => {
  const { cursors } = deserialize(request.body, { promoteLongs: false }) as { cursors?: Long[] };
  const ids = Array.isArray(cursors) ? cursors.map(String) : [];
  const killed = ids.filter((id) => services.cursors.remove(id));
  if (killed.length > 0) await run(statements.killCursors, [killed]);
  const longs = (list: string[]) => list.map((id) => Long.fromString(id));
  const notFound = ids.filter((id) => !killed.includes(id));
  return Buffer.from(
    serialize({
      cursorsKilled: longs(killed),
      cursorsNotFound: longs(notFound),
      cursorsAlive: [],
      cursorsUnknown: [],
      ok: 1,
    }),
  );
};

/** Reads that may take several batches. */
export const cursorCommands: Record<string, Handler> = {
  find: opening(statements.find),
  aggregate: opening(statements.aggregate),
  listCollections: opening(statements.listCollections),
  listIndexes: opening(statements.listIndexes),
  getMore,
  killCursors,
};
