import type { ConfirmedSender } from '@pipedesk/messaging';
import type { Connection } from '@pipedesk/mongo';
import type { KeySecret, Logger, Route } from '@pipedesk/service-kit';
import type { IngestService } from '../ingest/ingest.service.ts';
import { createRecordOwn } from '../ingest/record-own.ts';
import type { Sealing } from '../seals/sealing.ts';
import { createEraser } from './eraser.ts';
import { erasureRoutes } from './erasure.routes.ts';
import { createErasureService } from './erasure.service.ts';
import { createErasureStore } from './erasure.store.ts';

interface ErasingDeps extends Pick<Sealing, 'seals' | 'sealer'> {
  connection: Connection;
  keySecret: KeySecret;
  ingest: IngestService;
  /** Takes what is left of events to those who keep them. */
  erased: Pick<ConfirmedSender, 'send'>;
  log: Logger;
  wake: () => void;
  clock: () => Date;
}

/** Puts together what erasing is made of. */
export function createErasing(deps: ErasingDeps): { routes: Route[]; run: () => Promise<void> } {
  const { connection, keySecret, ingest, erased, wake, clock } = deps;
  const erasures = createErasureStore(connection, keySecret);
  const fingerprintKey = keySecret.derive('fingerprints of erasure requests');
  const service = createErasureService({ erasures, fingerprintKey, wake, clock });
  const eraser = createEraser({
    ...deps,
    erasures,
    record: createRecordOwn(ingest),
    tell: async (events) => void (await Promise.all(events.map((event) => erased.send(event)))),
  });
  return { routes: erasureRoutes(service), run: eraser.runAll };
}
