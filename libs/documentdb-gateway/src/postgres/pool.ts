import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { binaryRows } from './binary-rows.ts';
import { isUnreachable, PostgresUnavailable } from './connection-loss.ts';

/** Where PostgreSQL is. `host` may be the directory of its unix socket. */
export interface PostgresAddress {
  host: string;
  port: number;
  user: string;
  database: string;
  password?: string;
}

/** A named statement: PostgreSQL parses and plans it once per connection. */
export interface Statement {
  name: string;
  text: string;
}

export type Row = unknown[];

/** What a running operation may be stopped by: the client going away. */
export interface Operation {
  cancel?: () => Promise<void>;
}

export interface PostgresPool {
  /** Runs one statement on any connection and returns its rows as arrays. */
  run(statement: Statement, values: unknown[], operation?: Operation): Promise<Row[]>;
  /** Takes one connection out of the pool, for a transaction. */
  pin(): Promise<Pinned>;
  close(): Promise<void>;
}

export interface Pinned {
  run(statement: Statement, values: unknown[], operation?: Operation): Promise<Row[]>;
  execute(sql: string): Promise<void>;
  release(broken: boolean): void;
}

export interface PoolOptions {
  address: PostgresAddress;
  size: number;
  applicationName: string;
  onError: (error: Error) => void;
}

/** While PostgreSQL refuses connections, as over a restart, a request keeps trying for so long before it fails. */
const OUTAGE_PATIENCE_MS = 5_000;
const RETRY_PAUSE_MS = 100;
/** The longest a request waits for one of the connections that others are using. */
const QUEUE_TIMEOUT_MS = 30_000;
const KEPT_CONNECTIONS = 4;
/**
 * Cursors over sorted or grouped results live in files, so no connection is held between batches; a batch may hold what drivers are
 * told it may; compiling queries to machine code costs more than it saves on queries of milliseconds.
 */
const SESSION_SETTINGS = [
  'documentdb.useFileBasedPersistedCursors=on',
  'documentdb.maxWriteBatchSize=100000',
  'jit=off',
].map((setting) => `-c ${setting}`);

/** Connections to PostgreSQL with the settings the engine needs, replaced by themselves when PostgreSQL restarts. */
export function createPool(options: PoolOptions): PostgresPool {
  const pool = new pg.Pool({
    ...options.address,
    ...binaryRows,
    max: options.size,
    application_name: options.applicationName,
    options: SESSION_SETTINGS.join(' '),
    connectionTimeoutMillis: QUEUE_TIMEOUT_MS,
    // A new connection costs about 12 ms until its first answers: some stay.
    min: Math.min(KEPT_CONNECTIONS, options.size),
    idleTimeoutMillis: 60_000,
    keepAlive: true,
  });
  pool.on('error', options.onError);
  // A checked-out connection that breaks also fails its query; without a listener its event would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));

  // Cancelling must work just when every connection is busy with what is to be cancelled.
  const control = new pg.Pool({
    ...options.address,
    max: 1,
    application_name: options.applicationName,
    idleTimeoutMillis: 10_000,
  });
  control.on('error', options.onError);
  const cancelBackend = async (client: pg.PoolClient) => {
    await control.query('select pg_cancel_backend($1)', [processId(client)]).catch(options.onError);
  };

  return {
    async run(statement, values, operation) {
      const client = await acquire(pool);
      let broken = false;
      try {
        return await query(client, statement, values, operation, cancelBackend);
      } catch (error) {
        broken = isUnreachable(error);
        throw error;
      } finally {
        client.release(broken);
      }
    },
    async pin() {
      const client = await acquire(pool);
      return {
        run: (statement, values, operation) => query(client, statement, values, operation, cancelBackend),
        async execute(sql) {
          await client.query(sql);
        },
        release: (broken) => client.release(broken),
      };
    },
    async close() {
      await Promise.all([pool.end(), control.end()]);
    },
  };
}

async function acquire(pool: pg.Pool): Promise<pg.PoolClient> {
  const deadline = Date.now() + OUTAGE_PATIENCE_MS;
  for (;;) {
    try {
      return await pool.connect();
    } catch (error) {
      if (pool.ending || Date.now() + RETRY_PAUSE_MS > deadline) throw new PostgresUnavailable(error);
      await sleep(RETRY_PAUSE_MS);
    }
  }
}

async function query(
  client: pg.PoolClient,
  statement: Statement,
  values: unknown[],
  operation: Operation | undefined,
  cancelBackend: (client: pg.PoolClient) => Promise<void>,
): Promise<Row[]> {
  let cancelling: Promise<void> | undefined;
  if (operation) operation.cancel = () => (cancelling ??= cancelBackend(client));
  try {
    const result = await client.query<Row>({ ...statement, values, rowMode: 'array' });
    return result.rows;
  } finally {
    if (operation) delete operation.cancel;
    // The cancel must have landed before the connection serves anyone else, or it would hit the wrong query.
    await cancelling;
  }
}

function processId(client: pg.PoolClient): number {
  return (client as unknown as { processID: number }).processID;
}
