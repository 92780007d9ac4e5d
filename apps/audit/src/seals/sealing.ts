import type { Connection } from '@pipedesk/mongo';
import type { KeySecret, Logger, Route } from '@pipedesk/service-kit';
import type { SealingSettings } from '../app.ts';
import type { AccessLog } from '../access/access-log.ts';
import type { AuditLogModels } from '../audit-logs/audit-log.model.ts';
import { createAuditLogRepository } from '../audit-logs/audit-log.model.ts';
import { createRemovedRecords, type RemovedRecords } from '../removals/removed-records.ts';
import { createExaminer, type Examiner } from './examiner.ts';
import { createIntake, type Intake } from './intake.ts';
import { createSealKeys, type SealKeys } from './seal-keys.ts';
import { sealRoutes } from './seal.routes.ts';
import { createSealService } from './seal.service.ts';
import { createSealStore, type SealStore } from './seal.store.ts';
import { createSealedExportService } from './sealed-export.service.ts';
import { createSealer, type Sealer } from './sealer.ts';
import { createStamper, type Stamper } from './stamp.ts';
import { createOutsideFinder } from './uncovered.ts';

interface SealingDeps {
  connection: Connection;
  models: AuditLogModels;
  keySecret: KeySecret;
  sealing: Pick<SealingSettings, 'rotateAfter' | 'trustedKeys'>;
  log: Logger;
  clock: () => Date;
}

export interface Sealing {
  seals: SealStore;
  keys: SealKeys;
  sealer: Sealer;
  /** What retention has taken of the chain. */
  removed: RemovedRecords;
  atIngest: { intake: Intake; stamper: Stamper; removed: RemovedRecords };
  routesWith: (access: AccessLog) => Route[];
  /** Seals whatever waits. */
  run: () => Promise<unknown>;
  /** Recomputes what is sealed. */
  examine: Examiner['examine'];
  close: () => Promise<void>;
}

/** Puts together what tamper evidence is made of. */
export function createSealing({ connection, models, keySecret, sealing, log, clock }: SealingDeps): Sealing {
  const seals = createSealStore(connection);
  const intake = createIntake(connection);
  const stamper = createStamper(keySecret.derive('marks of stored audit records'));
  const { rotateAfter, trustedKeys: trusted } = sealing;
  const keys = createSealKeys({ connection, secret: keySecret, clock, rotateAfter, trusted });
  const { get } = createAuditLogRepository(models);
  const sealer = createSealer({ intake, seals, keys, stamper, readRecords: seals.records, clock, log });
  const findOutside = createOutsideFinder(connection, seals);
  const examiner = createExaminer(seals);
  const removed = createRemovedRecords(connection);
  const { examine } = examiner;
  const service = createSealService({ seals, examine, keys, findOutside, removed, getRecord: get });
  const routesWith = (access: AccessLog) =>
    sealRoutes(service, createSealedExportService({ seals, keys, access, clock }));
  return {
    seals,
    keys,
    sealer,
    removed,
    atIngest: { intake, stamper, removed },
    routesWith,
    run: sealer.sealAll,
    ...examiner,
  };
}
