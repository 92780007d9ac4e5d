import { connectMongo, type Connection, migrate } from '@pipedesk/mongo';
import { createLogger } from '@pipedesk/service-kit';
import { given } from '@pipedesk/testing';
import { migrations } from '../src/migrations.ts';

interface BenchDatabase {
  connection: Connection;
  /** Drops it. */
  close: () => Promise<void>;
}

/** A database of the bench's own, as audit sets it up; another process's when its name is given. */
export async function openBenchDatabase(
  name: string,
  database = `bench_${name}_${process.pid}`,
): Promise<BenchDatabase> {
  const log = createLogger('bench', 'silent');
  const connection = await connectMongo({ uri: given('MONGODB_URI'), database, log });
  await migrate(connection, migrations, log);
  return {
    connection,
    close: async () => {
      await connection.dropDatabase();
      await connection.close();
    },
  };
}
