import type { Connection } from '@pipedesk/mongo';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The least an export can do: a cursor over the tenant, JSON.stringify, a socket. @returns records/s */
export async function bareExport(connection: Connection, tenantId: string): Promise<number> {
  const collection = connection.collection('auditrecords');
  let records = 0;
  const server = createServer((_req, res) => {
    void (async () => {
      const cursor = collection.find({ tenantId, key: { $gte: '', $lt: '~' } }, { batchSize: 1_000 });
      for await (const record of cursor.sort({ key: 1 })) {
        records++;
        if (!res.write(`${JSON.stringify(record)}\n`)) await once(res, 'drain');
      }
      res.end();
    })().catch((error: unknown) => res.destroy(error instanceof Error ? error : undefined));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const began = performance.now();
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  for await (const chunk of response.body ?? []) void chunk;
  const seconds = (performance.now() - began) / 1000;
  server.close();
  return records / seconds;
}
