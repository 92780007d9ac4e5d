import type { PostgresAddress } from '../src/index.ts';

/**
 * The PostgreSQL the suites run against, from `PIPEDESK_TEST_POSTGRES`: `host:port`, where host may be a socket directory.
 * @throws when it is not set: the suites are about a real engine and are never skipped
 */
export function testPostgres(): PostgresAddress {
  const address = process.env.PIPEDESK_TEST_POSTGRES;
  const colon = address?.lastIndexOf(':') ?? -1;
  if (!address || colon < 1) {
    throw new Error(
      'PIPEDESK_TEST_POSTGRES (host:port of a PostgreSQL with DocumentDB) is not set. `npm test` provisions one and sets it.',
    );
  }
  return {
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    user: 'postgres',
    database: 'postgres',
  };
}
