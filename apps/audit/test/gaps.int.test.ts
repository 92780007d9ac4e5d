import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChangeEvent } from '@pipedesk/contracts';
import { createAuditLogModels } from '../src/audit-logs/audit-log.model.ts';
import { createGapFinder } from '../src/claims/gaps.ts';
import { createRemovedRecords } from '../src/removals/removed-records.ts';
import { buildDealHistory } from './deal-events.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

let audit: TestAudit;
let findGaps: ReturnType<typeof createGapFinder>;
let history: ChangeEvent[];

beforeAll(async () => {
  audit = await startAudit();
  findGaps = createGapFinder(
    createAuditLogModels(audit.connection.useDb(audit.connection.name)).all,
    createRemovedRecords(audit.connection),
  );
  history = buildDealHistory(5);
  await audit.bus.publish(...history.filter(({ data }) => data.version !== 2 && data.version !== 4));
  await audit.stored(3);
}, 60_000);
afterAll(() => audit.stop());

const claim = (version: number, event = history[0]) => ({
  records: [{ entityType: 'deal' as const, entityId: String(event?.subject.split('/')[1]), version }],
});

describe('the versions audit lacks', () => {
  it('are none where all are stored', async () => {
    expect(await findGaps(claim(1))).toEqual([]);
  });

  it('are found inside and at the end, with what the versions beside them tell', async () => {
    const gaps = await findGaps(claim(6));
    expect(gaps.map(({ version }) => version)).toEqual([2, 4, 6]);
    expect(gaps[0]).toMatchObject({ before: history[0]?.data.after, after: history[2]?.data.before });
    expect(gaps[2]).toMatchObject({ before: history[4]?.data.after, after: null });
  });

  it('are all of a record that audit does not know', async () => {
    const [unknown] = buildDealHistory(2);
    expect((await findGaps(claim(2, unknown))).map(({ version }) => version)).toEqual([1, 2]);
  });
});
