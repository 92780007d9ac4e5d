import type { ChangeEvent } from '@pipedesk/contracts';
import type { Connection } from '@pipedesk/mongo';
import type { AuditLog } from '../../src/audit-logs/audit-log.model.ts';
import { logOfEvent } from '../../src/ingest/log-of-event.ts';
import type { Sealing } from '../../src/seals/sealing.ts';

const atOnce = 1_000;
const lanes = 3;

/** Stores events as the ingest makes their records, noted and stamped, in large pieces and past the queue. */
export async function load(
  connection: Connection,
  { atIngest }: Sealing,
  count: number,
  take: (count: number) => ChangeEvent[],
): Promise<void> {
  const collection = connection.collection<AuditLog>('auditrecords');
  let left = count;
  const lane = async () => {
    while (left > 0) {
      const events = take(Math.min(atOnce, left));
      left -= events.length;
      const at = new Date();
      const logs = events.map((event) => atIngest.stamper.stamp(logOfEvent(event, at)));
      const byTenant = Map.groupBy(logs, ({ tenantId }) => tenantId);
      await atIngest.intake.announce(
        new Map([...byTenant].map(([tenantId, some]) => [tenantId, some.map(({ _id }) => _id)])),
        at,
      );
      await collection.insertMany(logs, { ordered: false });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
