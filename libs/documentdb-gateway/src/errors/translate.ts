import { MongoError } from './mongo-error.ts';
import { codeOfSqlState } from './sqlstate.ts';
import { isUnreachable, PostgresUnavailable } from '../postgres/connection-loss.ts';

/** What the failed command was, as far as drivers treat it differently. */
export interface Circumstances {
  inTransaction: boolean;
  /** A write whose repetition is harmless: it carries a number, or never reached PostgreSQL. */
  retryableWrite: boolean;
  commit: boolean;
  /** It asked for a time limit. */
  timeLimited: boolean;
}

const WRITE_CONFLICT = 112;
const SHUTDOWN = 11600;
const MAX_TIME_EXPIRED = 50;
const QUERY_CANCELED = '57014';

/** Any failure of a command as a MongoDB error. Unforeseen ones become InternalError with their own message. */
export function translate(error: unknown, circumstances: Circumstances): MongoError {
  if (error instanceof MongoError) return error;
  if (error instanceof PostgresUnavailable || isUnreachable(error))
    return connectionLost(error, circumstances);
  const { code, message } = describe(error);
  if (code === QUERY_CANCELED && circumstances.timeLimited) {
    return new MongoError(MAX_TIME_EXPIRED, 'operation exceeded time limit');
  }
  const mongoCode = code === undefined ? 1 : codeOfSqlState(code);
  return new MongoError(mongoCode, message, labelsFor(mongoCode, circumstances));
}

/** A snapshot that another transaction overtook: the whole transaction may be run again. */
export function labelsFor(code: number, { inTransaction }: Pick<Circumstances, 'inTransaction'>): string[] {
  return code === WRITE_CONFLICT && inTransaction ? ['TransientTransactionError'] : [];
}

function connectionLost(
  error: unknown,
  { inTransaction, retryableWrite, commit }: Circumstances,
): MongoError {
  const message = error instanceof Error ? error.message : String(error);
  if (commit)
    return new MongoError(SHUTDOWN, message, ['UnknownTransactionCommitResult', 'RetryableWriteError']);
  if (inTransaction) return new MongoError(SHUTDOWN, message, ['TransientTransactionError']);
  return new MongoError(SHUTDOWN, message, retryableWrite ? ['RetryableWriteError'] : []);
}

function describe(error: unknown): { code: string | undefined; message: string } {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  const { code } = error as { code?: unknown };
  return { code: typeof code === 'string' ? code : undefined, message: error.message };
}
