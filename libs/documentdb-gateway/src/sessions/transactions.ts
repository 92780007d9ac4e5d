import { serialize } from 'bson';
import { MongoError } from '../errors/mongo-error.ts';
import type { Operation, Pinned, PostgresPool, Row, Statement } from '../postgres/pool.ts';
import { recordStatements } from '../postgres/statements.ts';

/** A transaction as a command names it. */
export interface TransactionId {
  session: Buffer;
  number: bigint;
}

/** One open transaction: its own PostgreSQL connection. */
export interface Transaction {
  number: bigint;
  run(statement: Statement, values: unknown[], operation?: Operation): Promise<Row[]>;
}

export interface Transactions {
  /** Opens a transaction; one of an earlier number on the same session is rolled back. */
  start(id: TransactionId, owner: object): Promise<Transaction>;
  /**
   * The open transaction of that name; `owner`, the client connection, becomes the one whose end rolls it back.
   * @throws MongoError 251 when there is none
   */
  join(id: TransactionId, owner: object): Transaction;
  /** Commits; a repeated commit of a committed transaction succeeds. */
  commit(id: TransactionId): Promise<void>;
  /** Rolls back; without effect when there is no such transaction. */
  abort(id: TransactionId): Promise<void>;
  abortSession(session: Buffer): Promise<void>;
  abortOwnedBy(owner: object): Promise<void>;
  close(): Promise<void>;
}

export interface TransactionOptions {
  pool: PostgresPool;
  /** Total lifetime, as MongoDB's transactionLifetimeLimitSeconds. */
  lifetimeMs: number;
  /** The pool for look-ups outside any transaction. */
  lookUps: PostgresPool;
}

interface Open extends Transaction {
  id: TransactionId;
  owner: object;
  pinned: Pinned;
  expiry: NodeJS.Timeout;
}

const TRANSIENT = 'TransientTransactionError';
/** A statement that meets another transaction's row waits this long, then is a write conflict as in MongoDB. */
const BEGIN = `begin isolation level repeatable read; set local lock_timeout = '1s'`;
const COMMITTED = Buffer.from(serialize({ ok: 1 }));

/** Multi-document transactions, each on a PostgreSQL connection of its own with snapshot isolation. */
export function createTransactions(options: TransactionOptions): Transactions {
  const open = new Map<string, Open>();
  const keyOf = (session: Buffer) => session.toString('latin1');

  const end = async (transaction: Open, sql: string) => {
    clearTimeout(transaction.expiry);
    if (open.get(keyOf(transaction.id.session)) === transaction) open.delete(keyOf(transaction.id.session));
    try {
      await transaction.pinned.execute(sql);
      transaction.pinned.release(false);
    } catch (error) {
      transaction.pinned.release(true);
      throw error;
    }
  };
  /** Whatever a rollback fails with, the connection is closed then, and PostgreSQL rolls back. */
  const rollback = (transaction: Open | undefined) =>
    transaction ? end(transaction, 'rollback').catch(() => undefined) : Promise.resolve();

  const find = ({ session, number }: TransactionId): Open | undefined => {
    const transaction = open.get(keyOf(session));
    return transaction?.number === number ? transaction : undefined;
  };

  const record = async (transaction: Open) => {
    const { id, pinned } = transaction;
    await pinned.run(recordStatements.keep, [id.session, id.number.toString(), COMMITTED]);
  };

  const isCommitted = async ({ session, number }: TransactionId): Promise<boolean> => {
    const [row] = await options.lookUps.run(recordStatements.find, [session, number.toString()]);
    return row?.[1] === true;
  };

  return {
    async start(id, owner) {
      await rollback(open.get(keyOf(id.session)));
      const pinned = await options.pool.pin();
      const expiry = setTimeout(() => void rollback(find(id)), options.lifetimeMs);
      expiry.unref();
      const transaction: Open = {
        id,
        number: id.number,
        owner,
        pinned,
        expiry,
        run: (statement, values, operation) => pinned.run(statement, values, operation),
      };
      open.set(keyOf(id.session), transaction);
      try {
        await pinned.execute(BEGIN);
      } catch (error) {
        await rollback(transaction);
        throw error;
      }
      return transaction;
    },
    join(id, owner) {
      const transaction = find(id);
      if (!transaction) throw noSuchTransaction(id);
      transaction.owner = owner;
      return transaction;
    },
    async commit(id) {
      const transaction = find(id);
      if (!transaction) {
        if (await isCommitted(id)) return;
        throw noSuchTransaction(id);
      }
      try {
        await record(transaction);
      } catch (error) {
        await rollback(transaction);
        throw error;
      }
      await end(transaction, 'commit');
    },
    abort: (id) => rollback(find(id)),
    abortSession: (session) => rollback(open.get(keyOf(session))),
    async abortOwnedBy(owner) {
      const owned = [...open.values()].filter((transaction) => transaction.owner === owner);
      await Promise.all(owned.map(rollback));
    },
    async close() {
      await Promise.all([...open.values()].map(rollback));
    },
  };
}

function noSuchTransaction({ number }: TransactionId): MongoError {
  return new MongoError(
    251,
    `Given transaction number ${number} does not match any in-progress transactions`,
    [TRANSIENT],
  );
}
