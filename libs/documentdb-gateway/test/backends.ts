import pg from 'pg';
import { testPostgres } from './postgres-address.ts';

interface Backend {
  pid: number;
  state: string;
  query: string;
}

async function withPostgres<T>(use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(testPostgres());
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** The PostgreSQL connections of one gateway. */
export function backendsOf(applicationName: string): Promise<Backend[]> {
  return withPostgres(async (client) => {
    const { rows } = await client.query<Backend>(
      `select pid, coalesce(state, '') as state, query from pg_stat_activity where application_name = $1`,
      [applicationName],
    );
    return rows;
  });
}

/** Ends every PostgreSQL connection of one gateway, as a restart of PostgreSQL would, without disturbing anyone else. */
export function terminateBackends(applicationName: string): Promise<void> {
  return withPostgres(async (client) => {
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
      applicationName,
    ]);
  });
}
