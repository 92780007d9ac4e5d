import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { AuditVerdict, SealKey } from '@pipedesk/contracts';
import type { TenantContext } from '@pipedesk/service-kit';
import type { Response } from 'express';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createAuditLogModels, createAuditLogRepository } from '../src/audit-logs/audit-log.model.ts';
import { checkExport } from '../src/seals/format/export-file.ts';
import { checkSegment } from '../src/seals/format/segment-check.ts';
import type { SealStore, SegmentRange } from '../src/seals/seal.store.ts';
import { createSealedExportService } from '../src/seals/sealed-export.service.ts';
import { createSealService } from '../src/seals/seal.service.ts';
import { createOutsideFinder } from '../src/seals/uncovered.ts';
import { buildDealHistory } from './deal-events.ts';
import { removalTrailIn } from './removal-trail.ts';
import { lineByLine, sealingOf } from './sealed-trail.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
});
afterAll(() => audit.stop());

/** A chain of three segments, and a reader so slow that a whole removal happens while it has read one. */
async function readWhileRemoved() {
  const trail = removalTrailIn(audit);
  const { tenantId } = trail;
  for (let segment = 0; segment < 3; segment++) await trail.keep(...buildDealHistory(2, { tenantId }));
  const sealing = sealingOf(audit);
  const slow: SealStore = {
    ...sealing.seals,
    async *segments(tenant, { from, to }) {
      for (let segment = from; segment <= to; segment++) {
        yield* sealing.seals.segments(tenant, { from: segment, to: segment });
        if (segment === 1) await trail.replica().finish();
      }
    },
  };
  const context = { tenantId } as TenantContext;
  return { trail, context, ...sealing, seals: slow };
}

it('a verification that began before a removal and ends after it finds nothing wrong', async () => {
  const { context, seals, keys, removed } = await readWhileRemoved();
  async function* examine(tenant: string, range: SegmentRange) {
    for await (const segment of seals.segments(tenant, range))
      yield { seal: segment.seal, findings: checkSegment(segment) };
  }
  const models = createAuditLogModels(audit.connection.useDb(audit.connection.name, { useCache: false }));
  const service = createSealService({
    ...{ seals, examine, keys, removed },
    findOutside: createOutsideFinder(audit.connection, seals),
    getRecord: createAuditLogRepository(models).get,
  });
  const verdict: AuditVerdict = await service.verify(context, {}, () => false);
  expect(verdict).toMatchObject({ valid: true, complete: true, removed: 4, flaws: [] });
});

it('and so does an export that was written meanwhile, offline', async () => {
  const { context, seals, keys } = await readWhileRemoved();
  const access = { begin: () => Promise.resolve({ end: () => Promise.resolve() }) };
  const exports = createSealedExportService({ seals, keys, access, clock: () => new Date() });
  const file = Object.assign(new PassThrough(), { status: () => file, set: () => file });
  const written = text(file);
  await exports.stream(context, {}, file as unknown as Response);
  const trusted = (await audit.getWithoutToken('/audit-logs/keys')).body as { keys: SealKey[] };
  const verdict = await checkExport(lineByLine((await written).split('\n')), { trusted: trusted.keys });
  expect(verdict).toMatchObject({ flaws: [], removed: 4 });
});
