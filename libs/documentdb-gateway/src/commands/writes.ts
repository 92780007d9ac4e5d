import { writeOnceStatement, writeStatement, type WriteName } from '../postgres/statements.ts';
import type { Request } from '../wire/messages.ts';
import { bsonColumn, wholeBody } from './arguments.ts';
import type { Handler } from './command.ts';
import { withWriteErrors } from './write-errors.ts';

/** The array each command takes as a document sequence. */
const SEQUENCES: Partial<Record<WriteName, string>> = {
  insert: 'documents',
  update: 'updates',
  delete: 'deletes',
};

const writing = (name: WriteName): Handler => {
  const plain = writeStatement(name);
  const once = writeOnceStatement(name);
  const sequence = SEQUENCES[name];

  return async (command) => {
    const values = parameters(command.request, sequence);
    const { write } = command;
    const [row = []] = write
      ? await command.run(once, [...values, write.session, write.number.toString()])
      : await command.run(plain, values);
    const reply = bsonColumn(row);
    return row[1] === true ? reply : withWriteErrors(reply, command);
  };
};

function parameters(request: Request, sequence: string | undefined): unknown[] {
  const { db, body, sequences } = request;
  if (sequence === undefined) return [db, wholeBody(request)];
  const [only, ...others] = sequences;
  if (!only) return [db, body, null];
  const passable = only.id === sequence && others.length === 0 && only.documents.length > 0;
  return passable ? [db, body, only.documents] : [db, wholeBody(request), null];
}

/** The four writing commands. */
export const writeCommands: Record<string, Handler> = {
  insert: writing('insert'),
  update: writing('update'),
  delete: writing('delete'),
  findAndModify: writing('findAndModify'),
  findandmodify: writing('findAndModify'),
};
