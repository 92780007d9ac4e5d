import { loadConfig } from './config.ts';
import { startGateway } from './gateway.ts';
import { prepareEngine } from './postgres/engine.ts';
import { insist } from './postgres/insistence.ts';

const config = loadConfig();
const postgres = {
  host: config.PGHOST,
  port: config.PGPORT,
  user: config.PGUSER,
  database: config.PGDATABASE,
  password: config.PGPASSWORD,
};
const print = (line: Record<string, unknown>) => void process.stdout.write(`${JSON.stringify(line)}\n`);

// PostgreSQL may still be starting.
await insist(() => prepareEngine(postgres), true);
const gateway = await startGateway({
  postgres,
  host: config.DOCUMENTDB_GATEWAY_HOST,
  port: config.DOCUMENTDB_GATEWAY_PORT,
  poolSize: config.DOCUMENTDB_GATEWAY_POOL,
  log: print,
});
print({ msg: 'listening', port: gateway.port });

const stop = () => {
  gateway.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
