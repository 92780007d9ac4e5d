/** Codes with which a connection to PostgreSQL fails or ends: class 08 and 57P0x of SQLSTATE, and the operating system's. */
const UNREACHABLE = /^(08...|57P0[1-3]|53300|ECONN\w+|EPIPE|ENOENT|ETIMEDOUT|EHOSTUNREACH)$/;

/** True when an error says that the connection is gone, not that the statement was wrong. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return UNREACHABLE.test(code);
  // node-postgres reports a connection that ends under a query without a code.
  return (
    error.message.startsWith('Connection terminated') || error.message.startsWith('Client has encountered')
  );
}

/** No connection could be had in time: the statement was certainly not run. */
export class PostgresUnavailable extends Error {
  constructor(cause: unknown) {
    super(`the database is not available: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
