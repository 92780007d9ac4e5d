import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditFlaw, AuditVerdict } from '@pipedesk/contracts';
import type { RemovedRecord } from '../src/seals/format/removed.ts';
import type { FileVerdict } from '../src/seals/format/export-file.ts';
import { v7 as uuidv7 } from 'uuid';
import { buildDealHistory } from './deal-events.ts';
import { type RemovalTrail, removalTrailIn } from './removal-trail.ts';
import { startAudit } from './start-audit.ts';

type Document = Record<string, unknown> & { _id: string };
type StoredSeal = Document & { removed: RemovedRecord[] };

let trail: RemovalTrail;
let removalId: string;
/** Segment 1: taken but for two that were spared. Segment 2: stays, for it came later. */
let taken: Document[];
let spared: Document[];
let later: Document[];
let seal: StoredSeal;

const records = () => trail.audit.connection.collection<Document>('auditrecords');
const seals = () => trail.audit.connection.collection<StoredSeal>('auditseals');
const removals = () => trail.audit.connection.collection<Document>('auditremovals');

beforeAll(async () => {
  trail = removalTrailIn(await startAudit());
  const { tenantId, rules } = trail;
  const [gone, held, fresh] = [1, 2, 3].map(() => buildDealHistory(2, { tenantId }));
  await trail.keep(...(gone ?? []), ...(held ?? []));
  taken = await documentsOf(gone);
  spared = await documentsOf(held);
  const replica = trail.replica();
  await replica.round();
  rules.held.push(String(spared[0]?.entityId));
  await replica.finish();
  await trail.keep(...(fresh ?? []));
  later = await documentsOf(fresh);
  removalId = String((await removals().findOne({ tenantId }))?._id);
  seal = (await seals().findOne({ tenantId, segment: 1 })) as StoredSeal;
}, 60_000);
afterAll(() => trail.audit.stop());

async function documentsOf(events: { id: string }[] = []): Promise<Document[]> {
  return records()
    .find({ _id: { $in: events.map(({ id }) => id) } })
    .sort({ _id: 1 })
    .toArray();
}

/** Both verdicts, and then everything as it was before. */
async function verdicts(): Promise<[AuditVerdict, FileVerdict]> {
  const both: [AuditVerdict, FileVerdict] = [await trail.verify(), await trail.verifyFile()];
  await seals().replaceOne({ _id: seal._id }, seal);
  await records().deleteMany({ _id: { $in: taken.map(({ _id }) => _id) } });
  for (const document of [...spared, ...later])
    await records().replaceOne({ _id: document._id }, document, { upsert: true });
  return both;
}

async function expectFlaw(flaw: Partial<AuditFlaw>): Promise<void> {
  for (const { flaws } of await verdicts()) expect(flaws).toContainEqual(expect.objectContaining(flaw));
}

const setStubs = (removed: RemovedRecord[]) => seals().updateOne({ _id: seal._id }, { $set: { removed } });
const unaccounted = { kind: 'removal_unaccounted', segment: 1 } as const;

describe('a trail with removed records', () => {
  it('verifies untouched, online and offline', async () => {
    for (const verdict of await verdicts()) expect(verdict).toMatchObject({ flaws: [], removed: 2 });
    expect(seal.removed).toHaveLength(4);
  });

  it('misses a record that was deleted without a stub', async () => {
    await records().deleteOne({ _id: later[0]?._id ?? '' });
    await expectFlaw({ kind: 'record_missing', recordId: later[0]?._id ?? '' });
  });

  it('misses a record whose stub was taken away', async () => {
    await setStubs(seal.removed.slice(1));
    await expectFlaw({ kind: 'record_missing', recordId: taken[0]?._id ?? '' });
  });

  it('does not believe a stub that was added for a deleted record', async () => {
    await records().deleteOne({ _id: later[0]?._id ?? '' });
    const other = await seals().findOne({ ids: later[0]?._id ?? '' } as object);
    const stub = { index: 0, id: later[0]?._id ?? '', by: removalId };
    await seals().updateOne({ _id: other?._id ?? '' }, { $set: { removed: [stub] } });
    const both = await verdicts();
    await seals().updateOne({ _id: other?._id ?? '' }, { $unset: { removed: '' } });
    for (const { flaws } of both)
      expect(flaws).toMatchObject([{ kind: 'removal_unaccounted', segment: other?.segment }]);
  });

  it('does not let a stub stand for another record', async () => {
    const [first, ...others] = seal.removed;
    await setStubs([{ ...(first as RemovedRecord), id: later[0]?._id ?? '' }, ...others]);
    await expectFlaw({ kind: 'record_missing', recordId: taken[0]?._id ?? '' });
  });

  it('does not believe another removal in a stub, nor one of no record', async () => {
    await setStubs(seal.removed.map((stub) => ({ ...stub, by: uuidv7() })));
    await expectFlaw(unaccounted);
    await setStubs(seal.removed.map((stub, place) => (place === 0 ? { ...stub, by: uuidv7() } : stub)));
    await expectFlaw(unaccounted);
  });

  it('misses the removal’s own record, and what was taken with it', async () => {
    const id = `audit_removal:${removalId}:1`;
    const statement = (await records().findOne({ _id: id })) as Document;
    await records().deleteOne({ _id: id });
    const both = await verdicts();
    await records().insertOne(statement);
    for (const { flaws } of both)
      expect(flaws).toMatchObject([{ kind: 'record_missing', recordId: id }, unaccounted]);
  });

  it('finds a removed record that was put back', async () => {
    await records().insertOne(taken[1] as Document);
    await expectFlaw({ kind: 'removal_undone', recordId: taken[1]?._id ?? '', segment: 1 });
  });

  it('misses a spared record that was deleted afterwards, whatever its stub says then', async () => {
    await records().deleteOne({ _id: spared[0]?._id ?? '' });
    await expectFlaw({ kind: 'record_missing', recordId: spared[0]?._id ?? '' });
    await records().deleteMany({ _id: { $in: spared.map(({ _id }) => _id) } });
    await setStubs(seal.removed.map(({ index, id, by }) => ({ index, id, by })));
    await expectFlaw(unaccounted);
  });
});

describe('a forged removal', () => {
  it('is not carried out, and stands for nothing in the trail', async () => {
    const real = (await removals().findOne({ _id: removalId })) as Document;
    const { segment } = (await seals().findOne({ ids: later[0]?._id ?? '' } as object)) as Document;
    const plan = { segment, indexes: [0, 1], digest: 'f'.repeat(64) };
    const forged = {
      ...{ ...real, _id: uuidv7(), open: trail.tenantId, segments: [plan], records: 2 },
      ...{ spared: [], statedAt: null, restedAt: null, concludedAt: null, finishedAt: null },
    };
    await removals().insertOne(forged);
    await trail.replica().finish();
    await removals().deleteOne({ _id: forged._id });
    expect(await documentsOf(later.map(({ _id }) => ({ id: _id })))).toHaveLength(2);
    expect(await records().countDocuments({ entityId: forged._id })).toBe(0);
  });

  it('by a record of its own in the trail is refused a seal, and accounts for nothing', async () => {
    const statement = (await records().findOne({ _id: `audit_removal:${removalId}:1` })) as Document;
    const by = uuidv7();
    const forged = { ...statement, _id: `audit_removal:${by}:1`, entityId: by };
    await records().insertOne(forged);
    await setStubs(seal.removed.map((stub) => ({ ...stub, by })));
    await trail.audit.seal();
    const [online] = await verdicts();
    await records().deleteOne({ _id: forged._id });
    expect(online.flaws).toMatchObject([unaccounted, { kind: 'record_uncovered', recordId: forged._id }]);
  });
});
