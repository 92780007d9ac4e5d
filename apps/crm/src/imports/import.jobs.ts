import type { Import } from '@pipedesk/contracts';
import { type Connection, isDuplicateKey } from '@pipedesk/mongo';
import type { TenantContext } from '@pipedesk/service-kit';
import type { CsvRow } from './csv-rows.ts';

export type ImportCounts = Pick<Import, 'processed' | 'imported' | 'rejected' | 'warnings'>;

/** An import at work. It survives crashes: whoever holds the lease goes on at `nextChunk`. */
export interface ImportJob extends ImportCounts {
  _id: string;
  tenantId: string;
  /** `staged` while the upload is being accepted, `open` while rows wait. */
  state: 'staged' | 'open' | 'done';
  leasedUntil: Date;
  context: TenantContext;
  type: Import['type'];
  currency: string;
  chunks: number;
  nextChunk: number;
  /** Chunks in a row that failed for a reason other than an outage. */
  failures: number;
}

interface Chunk {
  importId: string;
  position: number;
  rows: CsvRow[];
  createdAt: Date;
}

interface StoredReport {
  _id: string;
  tenantId: string;
  importId: string;
  key: string;
  line: number;
  severity: 'error' | 'warning';
  reason: string;
}

export type ImportJobs = ReturnType<typeof createImportJobs>;

const leaseMs = 15_000;
const lease = () => new Date(Date.now() + leaseMs);

/** Working state of imports: their jobs, the rows that wait, and the reports on rows. */
export function createImportJobs(connection: Connection) {
  const jobs = connection.collection<ImportJob>('importjobs');
  const chunks = connection.collection<Chunk>('importchunks');
  const reports = connection.collection<StoredReport>('importreports');

  return {
    addChunk: (importId: string, position: number, rows: CsvRow[]) =>
      chunks.insertOne({ importId, position, rows, createdAt: new Date() }),

    chunk: async (importId: string, position: number): Promise<CsvRow[]> =>
      (await chunks.findOne({ importId, position }))?.rows ?? [],

    stage: (job: Omit<ImportJob, 'state' | 'leasedUntil' | 'nextChunk' | 'failures' | keyof ImportCounts>) =>
      jobs.insertOne({
        ...job,
        ...noCounts,
        state: 'staged',
        leasedUntil: new Date(Date.now() + 60_000),
        nextChunk: 0,
        failures: 0,
      }),

    open: (id: string) => jobs.updateOne({ _id: id }, { $set: { state: 'open', leasedUntil: new Date(0) } }),

    /** Takes a job nobody holds; null when there is none. */
    claim: (state: 'staged' | 'open'): Promise<ImportJob | null> =>
      jobs.findOneAndUpdate(
        { state, leasedUntil: { $lt: new Date() } },
        { $set: { leasedUntil: lease() } },
        { sort: { leasedUntil: 1 }, returnDocument: 'after' },
      ),

    /** Counts a chunk as done, once: a second worker on the same chunk changes nothing. @returns false then */
    advance: async (job: ImportJob, counts: ImportCounts): Promise<boolean> => {
      const result = await jobs.updateOne(
        { _id: job._id, nextChunk: job.nextChunk },
        { $inc: { ...counts, nextChunk: 1 }, $set: { leasedUntil: lease(), failures: 0 } },
      );
      return result.matchedCount === 1;
    },

    countFailure: (job: ImportJob) => jobs.updateOne({ _id: job._id }, { $inc: { failures: 1 } }),

    /** Gives the lease back, so that whoever looks next can go on at once. */
    release: (id: string) => jobs.updateOne({ _id: id }, { $set: { leasedUntil: new Date(0) } }),

    read: (id: string): Promise<ImportJob | null> => jobs.findOne({ _id: id }),

    /** Ends a job and drops its raw rows; its reports stay. */
    finish: async (id: string): Promise<void> => {
      await jobs.updateOne({ _id: id }, { $set: { state: 'done' } });
      await chunks.deleteMany({ importId: id });
    },

    discard: async (id: string): Promise<void> => {
      await jobs.deleteOne({ _id: id });
      await chunks.deleteMany({ importId: id });
    },

    /** Stores reports; those of a chunk that is worked on again are there already. */
    report: async (found: StoredReport[]): Promise<void> => {
      if (found.length === 0) return;
      await reports.insertMany(found, { ordered: false }).catch((error: unknown) => {
        if (!isDuplicateKey(error)) throw error;
      });
    },

    reports: (tenantId: string, importId: string, after: string, limit: number): Promise<StoredReport[]> =>
      reports
        .find({ tenantId, importId, key: { $gt: after } })
        .sort({ key: 1 })
        .limit(limit)
        .toArray(),
  };
}

const noCounts: ImportCounts = { processed: 0, imported: 0, rejected: 0, warnings: 0 };
