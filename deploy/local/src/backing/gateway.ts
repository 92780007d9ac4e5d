import { join } from 'node:path';
import { repositoryRoot } from './cache.ts';
import { boundToParent, createChild } from './child.ts';
import { answersMongo } from './ready.ts';
import { waitUntil } from './wait.ts';

const host = '127.0.0.1';
const startTimeout = 20_000;
/** Sessions the gateway keeps at PostgreSQL: enough for six services on two cores, far below its `max_connections`. */
const poolSize = 24;

export interface GatewayOptions {
  folder: string;
  port: number;
  postgresPort: number;
}

/** The MongoDB wire-protocol gateway in front of PostgreSQL, as a process of its own. */
export function createGateway(options: GatewayOptions) {
  const server = createChild({
    name: 'documentdb-gateway',
    ...boundToParent(process.execPath, [join(repositoryRoot, 'libs/documentdb-gateway/src/main.ts')]),
    cwd: repositoryRoot,
    env: {
      PATH: process.env['PATH'],
      DOCUMENTDB_GATEWAY_HOST: host,
      DOCUMENTDB_GATEWAY_PORT: String(options.port),
      DOCUMENTDB_GATEWAY_POOL: String(poolSize),
      PGHOST: host,
      PGPORT: String(options.postgresPort),
      PGUSER: 'postgres',
      PGDATABASE: 'postgres',
    },
    logFile: join(options.folder, 'log', 'documentdb-gateway.log'),
    recordFile: join(options.folder, 'processes', 'documentdb-gateway.json'),
  });

  async function start(): Promise<void> {
    server.start();
    const ready = () => !server.isRunning() || answersMongo(host, options.port, 'listDatabases');
    const inTime = await waitUntil(ready, startTimeout);
    if (inTime && server.isRunning()) return;
    const reason = server.isRunning() ? `does not answer after ${startTimeout / 1000} s` : 'ended at once';
    throw new Error(`The MongoDB gateway ${reason}. The end of ${server.logFile}:\n${server.logTail()}`);
  }

  return { ...server, start, mongodbUri: `mongodb://${host}:${options.port}/?directConnection=true` };
}
