import pg from 'pg';
import type { PostgresAddress } from './pool.ts';
import { RETRYABLE_WRITES_SCHEMA } from './retryable-writes-schema.ts';

/** Serialises gateways that start at the same time; any constant will do. */
const PREPARE_LOCK = 7_211_001;
/** An idle cursor lives for ten minutes in MongoDB; the engine's clean-up job would remove its file after one. */
const CURSOR_SECONDS = 600;

/**
 * Makes a database ready for the gateway: the engine's extensions, its cursor lifetime, the record of retryable writes. Idempotent.
 * @throws when PostgreSQL cannot be reached, or lacks the packages or the settings the README lists
 */
export async function prepareEngine(postgres: PostgresAddress): Promise<void> {
  const client = new pg.Client({ ...postgres, application_name: 'documentdb-gateway-prepare' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [PREPARE_LOCK]);
    await client.query('set client_min_messages = warning');
    await client.query('create extension if not exists documentdb cascade');
    await client.query('create extension if not exists documentdb_extended_rum cascade');
    await client.query(RETRYABLE_WRITES_SCHEMA);
    const database = client.escapeIdentifier(postgres.database);
    await client.query(
      `alter database ${database} set documentdb.defaultCursorExpiryTimeLimitSeconds = ${CURSOR_SECONDS}`,
    );
  } finally {
    await client.end();
  }
}
