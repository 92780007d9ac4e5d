import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Services } from './commands/command.ts';
import { serveConnection } from './connection.ts';
import { createPool, type PostgresAddress } from './postgres/pool.ts';
import { recordStatements, statements } from './postgres/statements.ts';
import { createCursors } from './sessions/cursors.ts';
import { createTransactions } from './sessions/transactions.ts';

export interface GatewayOptions {
  postgres: PostgresAddress;
  /** Interface to listen on; 127.0.0.1 unless told. */
  host?: string;
  /** 0, the default, takes a free one. */
  port?: number;
  /** Connections to PostgreSQL for single commands; transactions may use as many again. */
  poolSize?: number;
  log?: (line: { level: 'info' | 'warn' | 'error'; msg: string; [key: string]: unknown }) => void;
  /** How PostgreSQL lists the gateway's connections. */
  applicationName?: string;
  /** Milliseconds after which an idle cursor (600,000), a cursor whose client left (30,000), a transaction (60,000) is ended. */
  cursorIdleMs?: number;
  cursorOrphanMs?: number;
  transactionLifetimeMs?: number;
}

export interface Gateway {
  port: number;
  uri: string;
  /** Closes every client connection, rolls back open transactions, and gives back the connections to PostgreSQL. */
  close(): Promise<void>;
}

const DEFAULT_POOL_SIZE = 16;
/** Records of retryable writes outlive the session timeout that drivers are told by no more than this. */
const PRUNE_INTERVAL_MS = 10 * 60_000;

/**
 * Starts a gateway on a database that `prepareEngine` made ready.
 * @throws when the port is taken. PostgreSQL need not be up yet: commands wait for it for some seconds, then fail.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { postgres, host = '127.0.0.1', poolSize = DEFAULT_POOL_SIZE, log = () => undefined } = options;
  const applicationName = options.applicationName ?? 'documentdb-gateway';
  const onError = (error: Error) =>
    log({ level: 'warn', msg: 'postgres connection failed', error: error.message });
  const pool = createPool({ address: postgres, size: poolSize, applicationName, onError });
  // Open transactions must not starve the commands they are waiting for.
  const transactionPool = createPool({ address: postgres, size: poolSize, applicationName, onError });
  const pruning = setInterval(
    () => void pool.run(recordStatements.prune, []).catch(onError),
    PRUNE_INTERVAL_MS,
  );
  pruning.unref();
  const transactions = createTransactions({
    pool: transactionPool,
    lifetimeMs: options.transactionLifetimeMs ?? 60_000,
    lookUps: pool,
  });
  const cursors = createCursors({
    idleMs: options.cursorIdleMs ?? 600_000,
    orphanMs: options.cursorOrphanMs ?? 30_000,
    onExpired: (ids) => void pool.run(statements.killCursors, [ids]).catch(onError),
  });

  const sockets = new Set<Socket>();
  const services: Services = { pool, cursors, transactions, address: '' };
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    nextConnectionId += 1;
    const onRefused = (reason: unknown) =>
      log({
        level: 'warn',
        msg: 'client connection refused',
        error: reason instanceof Error ? reason.message : reason,
      });
    serveConnection({ socket, services, connectionId: nextConnectionId, onRefused });
  });
  let nextConnectionId = 0;
  const port = await listen(server, options.port ?? 0, host);
  services.address = `${reachable(host)}:${port}`;

  return {
    port,
    uri: `mongodb://${services.address}/?directConnection=true`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      cursors.close();
      clearInterval(pruning);
      await closed;
      await transactions.close();
      await Promise.all([pool.close(), transactionPool.close()]);
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function reachable(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}
