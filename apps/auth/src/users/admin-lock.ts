import { type Connection, isDuplicateKey, tenantOf } from '@pipedesk/mongo';
import { conflict, type TenantContext } from '@pipedesk/service-kit';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** Runs work while nobody else in the tenant runs theirs. @throws ProblemError 409 when others hold it for long */
export type AdminLock = <Result>(context: TenantContext, work: () => Promise<Result>) => Promise<Result>;

interface StoredLock {
  _id: string;
  holder: string;
  until: Date;
}

/** A crashed holder's lock lapses after this many ms. */
const lease = 10_000;
const retryEvery = 50;
const attempts = 60;

/**
 * Two admins who demote each other at the same moment would each still see the other: a tenant without admins. "Is
 * there another admin?" and the change that follows therefore run one at a time a tenant, across replicas.
 */
export function createAdminLock(connection: Connection): AdminLock {
  const locks = connection.collection<StoredLock>('admin_locks');

  async function tryAcquire(tenantId: string, holder: string): Promise<boolean> {
    const now = Date.now();
    try {
      await locks.updateOne(
        { _id: tenantId, until: { $lt: new Date(now) } },
        { $set: { holder, until: new Date(now + lease) } },
        { upsert: true },
      );
      return true;
    } catch (error) {
      // The lock is there and has not lapsed, so the upsert tried to insert a second one.
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  return async (context, work) => {
    const tenantId = tenantOf(context);
    const holder = randomUUID();
    for (let tries = 0; !(await tryAcquire(tenantId, holder)); tries++) {
      if (tries === attempts)
        throw conflict('concurrent_changes', { detail: 'Others keep changing the admins. Try again.' });
      await sleep(retryEvery);
    }
    try {
      return await work();
    } finally {
      await locks.deleteOne({ _id: tenantId, holder });
    }
  };
}
