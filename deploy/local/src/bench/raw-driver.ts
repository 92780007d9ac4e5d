import { MongoClient } from 'mongodb';
import type { Samples } from '../demo/latency.ts';

interface Plain {
  _id: number;
  tenantId: string;
  version: number;
  amount: { amount: number; currency: string };
}

/**
 * The change a PATCH makes, by the bare driver: read the document, update it if it is still at that version, journaled.
 * No permission, no event, no HTTP. Milliseconds per change.
 */
export async function rawChanges(uri: string, changes: number): Promise<Samples> {
  const client = await MongoClient.connect(uri, { writeConcern: { w: 'majority', journal: true } });
  const deals = client.db(`raw_${process.pid}`).collection<Plain>('deals');
  try {
    await deals.insertOne({ _id: 1, tenantId: 't', version: 1, amount: { amount: 0, currency: 'USD' } });
    const samples: Samples = [];
    for (let amount = 1; amount <= changes; amount++) {
      const began = performance.now();
      const read = await deals.findOne({ _id: 1, tenantId: 't' });
      await deals.updateOne(
        { _id: 1, version: read?.version ?? 0 },
        { $set: { amount: { amount, currency: 'USD' } }, $inc: { version: 1 } },
      );
      samples.push(performance.now() - began);
    }
    return samples;
  } finally {
    await client.db(`raw_${process.pid}`).dropDatabase();
    await client.close();
  }
}
