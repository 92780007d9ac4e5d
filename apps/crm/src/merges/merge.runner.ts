import type { Logger } from '@pipedesk/service-kit';
import { createWorker, type Worker } from '../jobs/worker.ts';
import type { MergeStore } from './merge.store.ts';
import type { CarryOut } from './merge.worker.ts';

interface MergeRunnerDeps {
  merges: MergeStore;
  carryOut: CarryOut;
  log: Logger;
  /** How often to look for merges that were left, ms. */
  lookEvery?: number;
}

/** Carries on with the merges that a crash or an outage has left, and looks after those that are done. */
export function createMergeRunner({ merges, carryOut, log, lookEvery = 2_000 }: MergeRunnerDeps): Worker {
  return createWorker({
    name: 'contact merges',
    lookEvery,
    log,
    work: async (isClosed) => {
      while (!isClosed()) {
        const merge = await merges.claim();
        if (!merge) return;
        await carryOut(merge);
      }
    },
  });
}
