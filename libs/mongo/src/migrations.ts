import type { Logger } from '@pipedesk/service-kit';
import type { mongo } from 'mongoose';
import type { Connection } from './connection.ts';

type Db = mongo.Db;

/** A dated step, e.g. `2026-11-22-deal-indexes`. It may run twice (two replicas starting at once), so it must be repeatable. */
export interface Migration {
  id: string;
  up: (db: Db) => Promise<unknown>;
}

/** Runs what has not run yet, in the order of the ids. */
export async function migrate(connection: Connection, migrations: Migration[], log: Logger): Promise<void> {
  const { db } = connection;
  if (!db) throw new Error('migrations need an open connection');
  const done = new Set((await db.collection('migrations').find().toArray()).map((row) => String(row._id)));
  const open = migrations.filter(({ id }) => !done.has(id)).sort((a, b) => a.id.localeCompare(b.id));
  for (const { id, up } of open) {
    await up(db);
    await db
      .collection<{ _id: string }>('migrations')
      .updateOne({ _id: id }, { $set: { appliedAt: new Date() } }, { upsert: true });
    log.info({ migration: id }, 'migrated');
  }
}
