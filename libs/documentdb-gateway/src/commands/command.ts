import type { PostgresPool, Row, Statement } from '../postgres/pool.ts';
import type { Cursors } from '../sessions/cursors.ts';
import type { Transaction, TransactionId, Transactions } from '../sessions/transactions.ts';
import type { Request } from '../wire/messages.ts';

/** What all commands of a gateway share. */
export interface Services {
  pool: PostgresPool;
  cursors: Cursors;
  transactions: Transactions;
  /** `host:port` as clients reach it. */
  address: string;
}

/** One command being run. */
export interface Command {
  request: Request;
  services: Services;
  /** The client connection it came by, as an identity. */
  connection: object;
  /** The connection's number, for `hello`. */
  connectionId: number;
  session: Buffer | undefined;
  txnNumber: bigint | undefined;
  transaction: Transaction | undefined;
  /** Set for a retryable write outside a transaction. */
  write: TransactionId | undefined;
  /** Runs SQL in the command's transaction, or on any connection. */
  run: (statement: Statement, values: unknown[]) => Promise<Row[]>;
}

/** Carries out a command and returns its reply document. */
export type Handler = (command: Command) => Promise<Buffer> | Buffer;
