import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditProof, AuditVerdict, ChangeEvent, Role, SealKey } from '@pipedesk/contracts';
import { createKeySecret } from '@pipedesk/service-kit';
import { buildEvent } from '@pipedesk/testing';
import { createPublicKey, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { createAuditLogModels } from '../src/audit-logs/audit-log.model.ts';
import { keyLookup } from '../src/seals/format/public-keys.ts';
import { createSealKeys } from '../src/seals/seal-keys.ts';
import { hashOfLeaf } from '../src/seals/format/leaf.ts';
import { rootOfPath } from '../src/seals/format/merkle.ts';
import { isSignedBy } from '../src/seals/format/seal.ts';
import type { Intake } from '../src/seals/intake.ts';
import { createIngestService, type IngestService } from '../src/ingest/ingest.service.ts';
import { createLogStore } from '../src/ingest/log-store.ts';
import { sealingOf } from './sealed-trail.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
});
afterAll(() => audit.stop());

/** Another replica, without its consumer. */
function startReplica() {
  const sealing = sealingOf(audit);
  const models = createAuditLogModels(audit.connection.useDb(audit.connection.name, { useCache: false }));
  const ingestDeps = { ...sealing.atIngest, store: createLogStore(models), clock: () => new Date() };
  return { ...sealing, ingest: createIngestService(ingestDeps), ingestDeps };
}
type Replica = ReturnType<typeof startReplica>;

const eventsOf = (tenantId: string, count: number) =>
  Array.from({ length: count }, () => buildEvent({ tenantId }));
const sealsOf = (tenantId: string) =>
  audit.connection.collection('auditseals').find({ tenantId }).sort({ segment: 1 }).toArray();

/** Every record in exactly one place, places without gaps. */
async function expectChain(tenantId: string, ids: string[]) {
  const seals = await sealsOf(tenantId);
  const sealed = seals.flatMap((seal) => seal.ids as string[]);
  expect(sealed).toHaveLength(ids.length);
  expect(new Set(sealed)).toEqual(new Set(ids));
  let next = 1;
  for (const seal of seals) {
    expect(seal.firstSeq).toBe(next);
    next += Number(seal.count);
  }
  return seals;
}

describe('sealing', () => {
  it('gives every record one place, in the order in which they came', async () => {
    const replica = startReplica();
    const tenantId = uuidv7();
    const events = eventsOf(tenantId, 12);
    for (let from = 0; from < 12; from += 4) await replica.ingest.store(events.slice(from, from + 4));
    await replica.sealer.sealTenant(tenantId);
    const [seal] = await expectChain(
      tenantId,
      events.map(({ id }) => id),
    );
    expect(seal?.ids).toEqual(events.map(({ id }) => id));
  });

  it('takes repeats and late events without breaking the order', async () => {
    const replica = startReplica();
    const tenantId = uuidv7();
    const [late, ...events] = eventsOf(tenantId, 6);
    await replica.ingest.store(events);
    await replica.sealer.sealTenant(tenantId);
    const old = { ...(late as NonNullable<typeof late>), time: '2020-01-01T00:00:00.000Z' };
    await replica.ingest.store([...events, old, ...events]);
    await replica.ingest.store(events);
    await replica.sealer.sealTenant(tenantId);
    const seals = await expectChain(tenantId, [...events.map(({ id }) => id), old.id]);
    expect(seals.map(({ ids }) => (ids as string[]).length)).toEqual([5, 1]);
  });

  it('bears any number of sealers at once', async () => {
    const replicas = Array.from({ length: 4 }, () => startReplica());
    const tenantId = uuidv7();
    const events = eventsOf(tenantId, 120);
    const storing = Promise.all(
      replicas.map(async (replica, index) => {
        for (const event of events.filter((_, place) => place % 4 === index))
          await replica.ingest.store([event]);
      }),
    );
    const sealing = replicas.map(async ({ sealer }) => {
      for (let round = 0; round < 10; round++) await sealer.sealTenant(tenantId);
    });
    await Promise.all([storing, ...sealing]);
    await replicas[0]?.sealer.sealTenant(tenantId);
    await expectChain(
      tenantId,
      events.map(({ id }) => id),
    );
  });

  it.each<[string, (replica: Replica) => void]>([
    ['before its seal is written', ({ seals }) => (seals.add = failing)],
    ['right after its seal was written', ({ seals }) => failAfter(seals, 'add')],
    ['while it clears what it sealed', ({ atIngest }) => failAmid(atIngest.intake)],
    ['before it clears anything', ({ atIngest }) => (atIngest.intake.remove = failing)],
  ])('neither skips nor doubles a record when it dies %s', async (_when, breakIt) => {
    const dying = startReplica();
    const tenantId = uuidv7();
    const events = eventsOf(tenantId, 9);
    await dying.ingest.store(events.slice(0, 5));
    await dying.ingest.store(events.slice(5, 8));
    breakIt(dying);
    await expect(dying.sealer.sealTenant(tenantId)).rejects.toThrow('killed');
    const successor = startReplica();
    await successor.ingest.store(events.slice(8));
    await successor.sealer.sealTenant(tenantId);
    await expectChain(
      tenantId,
      events.map(({ id }) => id),
    );
    expect(await successor.atIngest.intake.entries(tenantId, '', 10)).toEqual([]);
  });

  it('waits for records that were announced and are not stored yet', async () => {
    const replica = startReplica();
    const tenantId = uuidv7();
    const [first, second] = eventsOf(tenantId, 2) as [
      ReturnType<typeof buildEvent>,
      ReturnType<typeof buildEvent>,
    ];
    await replica.atIngest.intake.announce(new Map([[tenantId, [first.id, second.id]]]), new Date());
    await replica.ingest.store([second]);
    await replica.sealer.sealTenant(tenantId);
    await expectChain(tenantId, [second.id]);
    const [entry] = await replica.atIngest.intake.entries(tenantId, '', 10);
    expect(entry?.ids).toEqual([first.id]);
    await replica.ingest.store([first]);
    await replica.sealer.sealTenant(tenantId);
    await expectChain(tenantId, [first.id, second.id]);
  });

  it.each<[string, (ingest: IngestService, event: ChangeEvent) => Promise<unknown>]>([
    ['an event', (ingest, event) => ingest.store([event])],
    [
      'a first event of its own',
      async (ingest, event) => (await ingest.announce(event.tenantid, event.id))(event),
    ],
  ])('seals %s whose storing took so long that it was forgotten', async (_what, storeBy) => {
    const { atIngest, ingestDeps, sealer } = startReplica();
    const { store } = ingestDeps;
    const event = buildEvent();
    const { tenantid: tenantId } = event;
    let elapsed = 0;
    const forgetful = createIngestService({
      ...ingestDeps,
      elapsed: () => elapsed,
      store: {
        ...store,
        insert: async (logs) => {
          await atIngest.intake.remove(await atIngest.intake.entries(tenantId, '', 10));
          elapsed += 20 * 60_000;
          return store.insert(logs);
        },
      },
    });
    expect(await storeBy(forgetful, event)).toEqual([]);
    await sealer.sealTenant(tenantId);
    await expectChain(tenantId, [event.id]);
  });

  it('leaves out a record that was changed or slipped in before its sealing, and seals the others', async () => {
    const tenantId = uuidv7();
    const events = eventsOf(tenantId, 3);
    await audit.bus.publish(...events);
    const records = audit.connection.collection<{ _id: string }>('auditrecords');
    await storedOf(tenantId, 3);
    await records.updateOne({ _id: String(events[1]?.id) }, { $set: { 'after.name': 'Forged' } });
    await audit.seal();
    const { body } = await audit.get('/audit-logs/verify', { tenantId });
    expect(body.first).toMatchObject({ kind: 'record_refused', recordId: events[1]?.id });
    expect(body.records).toBe(2);
  });
});

const failing = () => Promise.reject(new Error('killed'));
/** Does its work, and the process dies before it hears of it. */
function failAfter<T extends object>(target: T, name: keyof T) {
  const work = target[name] as (...args: unknown[]) => Promise<unknown>;
  target[name] = (async (...args: unknown[]) => {
    await work(...args);
    throw new Error('killed');
  }) as T[keyof T];
}
/** The process dies when the first entry is cleared and others are not. */
function failAmid(intake: Intake) {
  const { remove } = intake;
  intake.remove = async (entries) => {
    await remove(entries.slice(0, 1));
    throw new Error('killed');
  };
}

describe('a proof', () => {
  it('leads from the record to a signed seal, by public keys alone', async () => {
    const tenantId = uuidv7();
    const events = eventsOf(tenantId, 5);
    await audit.bus.publish(...events);
    await storedOf(tenantId, 5);
    const early = await audit.get(`/audit-logs/${events[3]?.id}/proof`, { tenantId });
    expect(early).toMatchObject({ status: 409, body: { code: 'audit_record_not_sealed' } });
    await audit.seal();
    const { status, body } = await audit.get(`/audit-logs/${events[3]?.id}/proof`, { tenantId });
    expect(status).toBe(200);
    const proof = body as AuditProof;
    expect(hashOfLeaf(proof.leaf).toString('hex')).toBe(proof.leafHash);
    const path = proof.path.map((hash) => Buffer.from(hash, 'hex'));
    const root = rootOfPath(Buffer.from(proof.leafHash, 'hex'), proof.index, proof.size, path);
    expect(root?.toString('hex')).toBe(proof.seal.root);
    const jwk = proof.keys.find(({ kid }) => kid === proof.seal.keyId);
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    expect(isSignedBy(proof.seal, key)).toBe(true);
    expect(JSON.stringify(proof.leaf)).not.toContain('Forty seats');
  });

  it('is refused for a record that was changed, and unknown to another tenant', async () => {
    const tenantId = uuidv7();
    const [event] = eventsOf(tenantId, 1);
    await audit.bus.publish(event as NonNullable<typeof event>);
    await storedOf(tenantId, 1);
    await audit.seal();
    await audit.connection
      .collection('auditrecords')
      .updateOne({ tenantId }, { $set: { 'after.name': 'x' } });
    const path = `/audit-logs/${event?.id}/proof`;
    expect(await audit.get(path, { tenantId })).toMatchObject({
      status: 409,
      body: { code: 'audit_record_changed' },
    });
    expect((await audit.get(path)).status).toBe(404);
  });
});

async function storedOf(tenantId: string, count: number) {
  while ((await audit.connection.collection('auditrecords').countDocuments({ tenantId })) !== count);
}

describe('verifying a part', () => {
  it('covers the segments or the time asked for and says that it is not all', async () => {
    const tenantId = uuidv7();
    for (let segment = 1; segment <= 3; segment++) {
      await audit.bus.publish(...eventsOf(tenantId, 2));
      await storedOf(tenantId, segment * 2);
      await audit.seal();
    }
    const seals = await sealsOf(tenantId);
    const of = async (query: string) =>
      (await audit.get(`/audit-logs/verify${query}`, { tenantId })).body as AuditVerdict;
    expect(await of('?fromSegment=2')).toMatchObject({
      valid: true,
      complete: false,
      segments: 2,
      records: 4,
    });
    expect(await of('?fromSegment=2&toSegment=2')).toMatchObject({ valid: true, segments: 1 });
    expect(await of(`?from=${String(seals[1]?.sealedAt)}`)).toMatchObject({ valid: true, segments: 2 });
    expect(await of('?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z')).toMatchObject({
      valid: true,
      segments: 0,
    });
    expect((await audit.get('/audit-logs/verify?fromSegment=3&toSegment=2', { tenantId })).status).toBe(400);
  });
});

describe('keys', () => {
  it('rotate by age, each endorsed by the one before, and old ones stay', async () => {
    let now = new Date('2026-01-01T00:00:00Z');
    const keySecret = createKeySecret(randomBytes(32).toString('base64'));
    const connection = audit.connection.useDb(`${audit.connection.name}_keys`);
    const keys = createSealKeys({
      connection,
      secret: keySecret,
      clock: () => now,
      rotateAfter: 1_000,
      trusted: [],
    });
    const first = await keys.signing();
    expect((await keys.signing()).keyId).toBe(first.keyId);
    now = new Date(now.getTime() + 1_000);
    const second = await keys.signing();
    expect(second.keyId).not.toBe(first.keyId);
    const published = await keys.published();
    expect(published.map(({ kid }) => kid)).toEqual([second.keyId, first.keyId]);
    const lookup = keyLookup(published, ({ kid }) => kid === first.keyId);
    expect(typeof lookup(second.keyId)).toBe('object');
    expect(keyLookup(published, () => false)(second.keyId)).toBe('key_untrusted');
    await connection.dropDatabase();
  });
});

describe('who may', () => {
  it.each(['/audit-logs/verify', '/audit-logs/export/sealed'])(
    '%s: admins who just proved who they are',
    async (path) => {
      for (const role of ['manager', 'sales', 'viewer'] as Role[])
        expect((await audit.get(path, { role })).status).toBe(403);
      const stale = await audit.get(path, { authenticatedAt: new Date(Date.now() - 3_600_000) });
      expect(stale).toMatchObject({ status: 403, body: { code: 'step_up_required' } });
      expect((await audit.getWithoutToken(path)).status).toBe(401);
    },
  );

  it('reads the keys without a token', async () => {
    const { status, body } = await audit.getWithoutToken('/audit-logs/keys');
    expect(status).toBe(200);
    for (const key of (body as { keys: SealKey[] }).keys) expect(Object.keys(key)).not.toContain('d');
  });
});
