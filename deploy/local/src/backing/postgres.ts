import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../provision/run.ts';
import { findUser, sandboxed, sandboxHome } from '../provision/sandbox.ts';
import { createChild } from './child.ts';
import type { Child } from './child.ts';
import { clearStalePostmaster } from './leftovers.ts';
import { waitUntil } from './wait.ts';

const binaries = '/usr/lib/postgresql/18/bin';
const user = 'postgres';
const dataInside = `${sandboxHome}/data`;
const startTimeout = 30_000;

export interface PostgresOptions {
  root: string;
  /** The instance's folder; PostgreSQL gets `postgres/` in it. */
  folder: string;
  port: number;
}

/**
 * PostgreSQL with the DocumentDB engine. `start()` makes the cluster when there is none and returns when the extensions
 * are in place.
 */
export function createPostgres(options: PostgresOptions) {
  const folder = join(options.folder, 'postgres');
  const logFile = join(options.folder, 'log', 'postgres.log');
  const sandbox = { root: options.root, folder, user };
  const server = createChild({
    ...sandboxed({
      ...sandbox,
      parentDeathSignal: 'INT',
      command: [`${binaries}/postgres`, '-D', dataInside],
    }),
    name: 'postgres',
    logFile,
    recordFile: join(options.folder, 'processes', 'postgres.json'),
    // SIGINT is PostgreSQL's "fast" shutdown: it ends the sessions instead of waiting for them.
    stopSignal: 'SIGINT',
    stopTimeout: 20_000,
  });
  const inside = (command: string[]) => {
    const { command: program, args } = sandboxed({ ...sandbox, command });
    return run(program, args, { logFile });
  };
  const psql = (...statements: string[]) =>
    inside([
      `${binaries}/psql`,
      ...['-q', '-v', 'ON_ERROR_STOP=1', '-h', sandboxHome, '-p', String(options.port), '-U', user],
      ...statements.flatMap((statement) => ['-c', statement]),
    ]);

  async function prepareCluster(): Promise<void> {
    const { uid, gid } = findUser(options.root, user);
    mkdirSync(folder, { recursive: true });
    mkdirSync(join(options.folder, 'log'), { recursive: true });
    chownSync(folder, uid, gid);
    // Written last: a cluster whose creation was interrupted has none, and is made again.
    const complete = join(folder, 'data', 'pipedesk-complete');
    if (!existsSync(complete)) {
      await inside(['rm', '-rf', dataInside]);
      await inside([`${binaries}/initdb`, ...initArguments]);
      writeFileSync(complete, '');
    }
    writeFileSync(join(folder, 'data', 'postgresql.conf'), configuration(options.port));
  }

  async function start(): Promise<void> {
    await prepareCluster();
    clearStalePostmaster(join(folder, 'data'));
    server.start();
    await waitForSocket(server, join(folder, `.s.PGSQL.${options.port}`), () => psql('SELECT 1'));
    await psql(...extensionStatements);
  }

  return { ...server, port: options.port, start };
}

export type Postgres = ReturnType<typeof createPostgres>;

/** Trusts every local connection: it listens on loopback only and holds development data. */
const initArguments = [
  ...['-D', dataInside, '-U', user, '-A', 'trust', '--encoding', 'UTF8'],
  ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
];

/** `UPDATE` matters after the root was rebuilt with a newer package: the data then still has the older SQL functions. */
const extensionStatements = [
  'SET client_min_messages = warning',
  'CREATE EXTENSION IF NOT EXISTS documentdb CASCADE',
  'CREATE EXTENSION IF NOT EXISTS documentdb_extended_rum CASCADE',
  'ALTER EXTENSION documentdb_core UPDATE',
  'ALTER EXTENSION documentdb UPDATE',
  'ALTER EXTENSION documentdb_extended_rum UPDATE',
];

/** Sized for a developer's machine of two cores that also runs everything else. Commits are as durable as in production. */
function configuration(port: number): string {
  return `
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = '${sandboxHome}'
max_connections = 100
shared_buffers = 1GB
effective_cache_size = 4GB
work_mem = 16MB
maintenance_work_mem = 128MB
max_worker_processes = 12
max_parallel_workers_per_gather = 0
jit = off
random_page_cost = 1.1
fsync = on
synchronous_commit = on
full_page_writes = on
# Records are a little above the size from which they are compressed: by pglz that was a sixth of all work of an insert.
wal_compression = lz4
default_toast_compression = lz4
wal_level = replica
max_wal_senders = 0
max_wal_size = 2GB
checkpoint_timeout = 15min
log_min_duration_statement = 1000
log_checkpoints = off
timezone = 'UTC'
log_timezone = 'UTC'
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb,pg_documentdb_extended_rum'
# Without extended_rum an index cannot serve a sort; it must be set before the first index is built.
documentdb.alternate_index_handler_name = 'extended_rum'
cron.database_name = 'postgres'
cron.host = '${sandboxHome}'
# One row per background job every few seconds, for ever.
cron.log_run = off
cron.log_statement = off
`;
}

async function waitForSocket(server: Child, socket: string, ask: () => Promise<void>): Promise<void> {
  let last: unknown;
  const answers = async () => {
    if (!server.isRunning()) return true;
    if (!existsSync(socket)) return false;
    try {
      await ask();
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  };
  const inTime = await waitUntil(answers, startTimeout, 100);
  if (inTime && server.isRunning()) return;
  const reason = server.isRunning()
    ? `does not answer after ${startTimeout / 1000} s (${String(last)})`
    : 'ended at once';
  throw new Error(`PostgreSQL ${reason}. The end of ${server.logFile}:\n${server.logTail()}`);
}
