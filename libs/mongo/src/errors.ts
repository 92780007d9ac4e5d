import { conflict, ProblemError, unavailable } from '@pipedesk/service-kit';
import { mongo, Error as MongooseError } from 'mongoose';

const duplicateKey = 11000;

/** Names of the driver's errors that mean "no usable server just now". */
const outageNames = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongooseServerSelectionError',
  'MongoPoolClearedError',
  'MongoPoolClosedError',
  'PoolClearedOnNetworkError',
  'MongoServerClosedError',
  'MongoTopologyClosedError',
  'MongoNotConnectedError',
  'MongoWaitQueueTimeoutError',
  'MongoOperationTimeoutError',
  'MongoClientClosedError',
]);

/** Server errors of a shutdown, a failover or a lost backend; repeating the call later is right. */
const outageCodes = new Set([6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436]);

/** True for errors that pass by themselves once the database is back. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (outageNames.has(error.name)) return true;
  // A bulk write hides the network error that ended it in here, and names no write that failed.
  if (error instanceof mongo.MongoBulkWriteError && isDatabaseUnavailable(error.errorResponse)) return true;
  return error instanceof mongo.MongoServerError && outageCodes.has(Number(error.code));
}

/**
 * True for a unique index violation, optionally of the index with this name. The server names the index before it
 * quotes the value, so a value that contains an index's name is not mistaken for it.
 */
export function isDuplicateKey(error: unknown, index?: string): boolean {
  if (!(error instanceof mongo.MongoServerError) || error.code !== duplicateKey) return false;
  return index === undefined || / index: (\S+) /.exec(error.message)?.[1] === index;
}

/** The answer for what the database refuses or cannot do; undefined for everything else. */
export function databaseProblem(error: unknown): ProblemError | undefined {
  if (isDatabaseUnavailable(error)) {
    return unavailable('database_unavailable', {
      detail: 'The database cannot be reached just now. Try again shortly.',
      cause: error,
    });
  }
  if (isDuplicateKey(error))
    return conflict('duplicate_record', { detail: 'A record with this value exists already.', cause: error });
  if (error instanceof MongooseError.ValidationError) {
    return new ProblemError(422, 'invalid_record', { detail: error.message, cause: error });
  }
  return undefined;
}
