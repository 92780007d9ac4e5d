import type { Import, RowReport } from '@pipedesk/contracts';
import { isDatabaseUnavailable } from '@pipedesk/mongo';
import type { Logger } from '@pipedesk/service-kit';
import { createWorker, type Worker } from '../jobs/worker.ts';
import type { createChunkImporter } from './chunk-import.ts';
import type { ImportJob, ImportJobs } from './import.jobs.ts';
import type { ImportRepository } from './import.model.ts';

interface RunnerDeps {
  jobs: ImportJobs;
  imports: ImportRepository;
  importChunk: ReturnType<typeof createChunkImporter>;
  log: Logger;
  /** How often to look for jobs that a crashed worker has left, ms. */
  lookEvery?: number;
}

export type ImportRunner = Worker;

const mostFailures = 5;

/** Works off imports chunk by chunk; the lease in the job lets another replica take over what a crash left. */
export function createImportRunner({
  jobs,
  imports,
  importChunk,
  log,
  lookEvery = 2_000,
}: RunnerDeps): ImportRunner {
  async function work(isClosed: () => boolean): Promise<void> {
    await settleStaged();
    while (!isClosed()) {
      const job = await jobs.claim('open');
      if (!job) return;
      await run(job, isClosed);
    }
  }

  /** An upload whose acceptance a crash cut off: it counts when its record was written, else it never happened. */
  async function settleStaged(): Promise<void> {
    for (let job = await jobs.claim('staged'); job; job = await jobs.claim('staged')) {
      const record = await imports.find(job.context, { _id: job._id });
      await (record ? jobs.open(job._id) : jobs.discard(job._id));
    }
  }

  async function run(job: ImportJob, isClosed: () => boolean): Promise<void> {
    let current: ImportJob | null = job;
    while (current && current.nextChunk < current.chunks && !isClosed()) {
      if (!(await runChunk(current))) return;
      current = await jobs.read(job._id);
    }
    if (!current) return;
    if (current.nextChunk >= current.chunks) await finish(current, 'completed', null);
    else await jobs.release(job._id);
  }

  /** @returns false when the job has to wait or is somebody else's now */
  async function runChunk(job: ImportJob): Promise<boolean> {
    try {
      const rows = await jobs.chunk(job._id, job.nextChunk);
      const { imported, reports } = await importChunk(
        job.context,
        { id: job._id, type: job.type, currency: job.currency },
        rows,
      );
      await jobs.report(storedReports(job, reports));
      const rejected = reports.filter(({ severity }) => severity === 'error').length;
      return await jobs.advance(job, {
        processed: rows.length,
        imported,
        rejected,
        warnings: reports.length - rejected,
      });
    } catch (error) {
      log.error(
        { err: error, importId: job._id, chunk: job.nextChunk },
        'import chunk failed; it will be repeated',
      );
      if (!isDatabaseUnavailable(error)) await giveUpAfterTooMany(job, error);
      return false;
    }
  }

  async function giveUpAfterTooMany(job: ImportJob, error: unknown): Promise<void> {
    await jobs.countFailure(job);
    if (job.failures + 1 < mostFailures) return;
    await finish(job, 'failed', error instanceof Error ? error.message : String(error));
  }

  async function finish(job: ImportJob, status: Import['status'], failure: string | null): Promise<void> {
    const { processed, imported, rejected, warnings } = job;
    await imports.change(job.context, job._id, {}, (record) => {
      // Ended already, by a worker that crashed before it could put the job away.
      if (record.status !== 'running') return;
      Object.assign(record, {
        status,
        failure,
        processed,
        imported,
        rejected,
        warnings,
        finishedAt: new Date().toISOString(),
      });
    });
    await jobs.finish(job._id);
    log.info({ importId: job._id, status, imported, rejected, warnings }, 'import ended');
  }

  return createWorker({ name: 'imports', work, lookEvery, log });
}

/** Keys are the same when a chunk is worked on again, whatever its other rows have come to since. */
function storedReports(job: ImportJob, reports: RowReport[]) {
  const { _id: importId, tenantId } = job;
  const perLine = new Map<number, number>();
  return reports.map((report) => {
    const position = perLine.get(report.line) ?? 0;
    perLine.set(report.line, position + 1);
    const key = `${String(report.line).padStart(9, '0')}.${String(position).padStart(4, '0')}`;
    return { ...report, _id: `${importId}:${key}`, tenantId, importId, key };
  });
}
