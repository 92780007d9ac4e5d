import type { Connection } from '@pipedesk/mongo';
import { failpoint, type Logger } from '@pipedesk/service-kit';
import { type FileHandle, open } from 'node:fs/promises';
import type { SealStore } from '../seals/seal.store.ts';
import { batchesBehind } from './batches.ts';
import type { StreamCursors } from './stream-cursors.ts';
import type { StreamMetrics } from './stream-metrics.ts';

interface FileSinkDeps {
  connection: Connection;
  /** Where the lines go; made when it is not there. */
  path: string;
  seals: Pick<SealStore, 'head' | 'segments'>;
  cursors: StreamCursors;
  metrics: StreamMetrics;
  log: Logger;
  clock: () => Date;
}

const batchSize = 500;

/**
 * Appends the records of all tenants to a file, as JSON lines. Opened for each batch, so that it can be rotated away at any
 * time; the cursor moves once the lines are on disk, so a crash repeats a batch and loses none.
 */
export function createFileSink({ connection, path, seals, cursors, metrics, log, clock }: FileSinkDeps) {
  const all = connection.collection<{ _id: string; tenantId: string }>('auditseals');

  /** One step along the index for each tenant, not one for each seal. */
  async function* tenants(): AsyncGenerator<string> {
    for (let last = ''; ;) {
      const next = await all.findOne({ _id: { $gt: last } }, { sort: { _id: 1 }, projection: { _id: 1 } });
      const tenantId = next?._id.split('/', 1)[0];
      if (tenantId === undefined) return;
      yield tenantId;
      // Behind every number: digits sort before it.
      last = `${tenantId}/~`;
    }
  }

  async function drain(tenantId: string): Promise<void> {
    let cursor = await cursors.get(`file/${tenantId}`);
    for await (const { lines, records, end } of batchesBehind(seals, tenantId, cursor, batchSize)) {
      if (records > 0) await append(path, lines);
      failpoint('stream.after-append');
      await cursors.begin(cursor._id, cursor);
      if (!(await cursors.advance(cursor, end, clock()))) return;
      metrics.records.labels('file').inc(records);
      cursor = { ...cursor, ...end };
    }
  }

  return {
    async round(): Promise<void> {
      try {
        for await (const tenantId of tenants()) await drain(tenantId);
      } catch (error) {
        metrics.failures.labels('file').inc();
        log.error({ err: error, path }, 'records could not be written to the file; the next round goes on');
      }
    },
  };
}

async function append(path: string, lines: string): Promise<void> {
  const file = await open(path, 'a+', 0o640);
  try {
    await file.appendFile((await endsWithinLine(file)) ? `\n${lines}` : lines);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** A crash may have left a part of a line; what comes next must not be glued to it. */
async function endsWithinLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}
