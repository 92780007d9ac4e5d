import type { Logger } from '@pipedesk/service-kit';
import mongoose, { type Connection } from 'mongoose';
import { letDriverWritesFail } from './driver-writes.ts';

export type { Connection } from 'mongoose';

interface ConnectOptions {
  uri: string;
  database: string;
  log: Logger;
  /** Connections in the pool. */
  poolSize?: number;
}

// A filter with a field the schema does not know is a defect, not "match everything"; operators in values are data.
mongoose.set('strictQuery', 'throw');
mongoose.set('sanitizeFilter', true);
letDriverWritesFail();

/**
 * Connects with journaled majority writes: an acknowledged write survives a crash of the server. Calls fail after a
 * few seconds without a server instead of waiting in a buffer, so that clients get a bounded 503.
 */
export async function connectMongo({
  uri,
  database,
  log,
  poolSize = 20,
}: ConnectOptions): Promise<Connection> {
  const connection = mongoose.createConnection(uri, {
    dbName: database,
    maxPoolSize: poolSize,
    bufferCommands: false,
    autoIndex: false,
    autoCreate: false,
    serverSelectionTimeoutMS: 3_000,
    connectTimeoutMS: 3_000,
    socketTimeoutMS: 30_000,
    writeConcern: { w: 'majority', journal: true },
  });
  connection.on('disconnected', () => {
    log.warn('database connection lost');
  });
  connection.on('reconnected', () => {
    log.info('database connection is back');
  });
  await connection.asPromise();
  return connection;
}

/** A health check that asks the server, not the driver's opinion of it. */
export function pingMongo(connection: Connection): () => Promise<unknown> {
  return async () =>
    connection.db?.command({ ping: 1 }, { timeoutMS: 1_500 }) ?? Promise.reject(new Error('not connected'));
}
