import { type Connection, isDuplicateKey } from '@pipedesk/mongo';
import { randomUUID } from 'node:crypto';

export interface Lease {
  /** True while this process holds it; another gets it when it has not been renewed for its duration. */
  acquire(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Lets one of several replicas do a job, so that the others do not waste their time on it. It is no lock: a holder that
 * stalls is overtaken, so the job itself must bear two at once.
 * @param duration ms
 */
export function createLease(
  connection: Connection,
  name: string,
  duration: number,
  clock: () => Date,
): Lease {
  const leases = connection.collection<{ _id: string; holder: string; until: Date }>('auditleases');
  const holder = randomUUID();
  return {
    async acquire() {
      const now = clock();
      const mine = { _id: name, $or: [{ holder }, { until: { $lt: now } }] };
      const until = new Date(now.getTime() + duration);
      try {
        await leases.updateOne(mine, { $set: { holder, until } }, { upsert: true });
        return true;
      } catch (error) {
        // It exists and is somebody else's, so the upsert tried to insert it.
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    release: async () => void (await leases.deleteOne({ _id: name, holder })),
  };
}
