import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildEvent } from '@pipedesk/testing';
import { generateKeyPairSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { sealingOf, type SealedTrail, startSealedTrail } from './sealed-trail.ts';

let trail: SealedTrail;
beforeAll(async () => {
  trail = await startSealedTrail();
});
afterAll(() => trail.audit.stop());

type Document = Record<string, unknown> & { _id: string };
const collection = (name: string) => trail.audit.connection.collection<Document>(name);
const records = () => collection('auditrecords');
const seals = () => collection('auditseals');

/** Every leaf value of a document with its dotted path; empty objects and lists count as values. */
function pathsOf(value: unknown, prefix = ''): string[] {
  const members =
    typeof value === 'object' && value !== null && !(value instanceof Date) && !('_bsontype' in value)
      ? Object.entries(value)
      : [];
  if (members.length === 0) return [prefix];
  return members.flatMap(([name, inner]) => pathsOf(inner, prefix === '' ? name : `${prefix}.${name}`));
}

function valueAt(document: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => Reflect.get(value as object, name), document);
}

function otherThan(value: unknown): unknown {
  if (typeof value === 'string') return `${value}x`;
  if (typeof value === 'number') return value + 1;
  if (value instanceof Date) return new Date(value.getTime() + 1);
  return 'x';
}

/** Puts another document in its place, lets both verifiers look, and puts the old one back. */
async function withTampered(changed: Document, original: Document) {
  await records().replaceOne({ _id: original._id }, changed);
  const verdicts = [await trail.verify(), await trail.verifyFile()];
  await records().replaceOne({ _id: original._id }, original);
  return verdicts;
}

async function original(id: string | undefined): Promise<Document> {
  const found = await records().findOne({ _id: String(id) });
  if (!found) throw new Error(`${id} is not there`);
  return found;
}

const named = (kind: string, id: string | undefined) => ({ first: { kind, recordId: id }, valid: false });

describe('an untouched trail', () => {
  it('verifies, in the service and offline', async () => {
    const [online, offline] = [await trail.verify(), await trail.verifyFile()];
    expect(online).toMatchObject({ valid: true, complete: true, segments: 3, records: 21, unsealed: 0 });
    expect(offline).toMatchObject({ flaws: [], segments: 3, records: 21, isAnchored: true });
    expect(offline.head).toEqual(online.head);
  });
});

describe('a changed record', () => {
  it.each([
    ['a deal’s creation', 7],
    ['a deal’s update', 9],
    ['a lead’s update', 13],
  ])(
    'is found whichever of its values was changed: %s',
    async (_what, place) => {
      const id = trail.ids[place];
      const before = await original(id);
      const paths = pathsOf(before).filter((path) => path !== '_id');
      expect(paths.length).toBeGreaterThan(40);
      for (const path of paths) {
        const changed = structuredClone(before);
        const [parent, name] = [path.split('.').slice(0, -1), path.split('.').at(-1) ?? ''];
        Reflect.set(
          parent.length === 0 ? changed : (valueAt(changed, parent.join('.')) as object),
          name,
          otherThan(valueAt(before, path)),
        );
        for (const { flaws } of await withTampered(changed, before))
          expect({ path, found: flaws[0] }).toMatchObject({
            path,
            found: { kind: 'record_changed', recordId: id, segment: 2 },
          });
      }
    },
    120_000,
  );

  it('is found when a member was taken away or added, at any depth', async () => {
    const id = trail.ids[13];
    const before = await original(id);
    for (const name of Object.keys(before).filter((member) => member !== '_id')) {
      const rest = Object.fromEntries(Object.entries(before).filter(([member]) => member !== name));
      for (const { flaws } of await withTampered(rest as Document, before))
        expect({ name, found: flaws[0] }).toMatchObject({
          name,
          found: { kind: 'record_changed', recordId: id },
        });
    }
    for (const path of ['extra', 'after.extra', 'context.extra', 'actor.extra', 'lead.extra']) {
      await records().updateOne({ _id: before._id }, { $set: { [path]: null } });
      expect((await trail.verify()).first).toMatchObject({ kind: 'record_changed', recordId: id });
      await records().replaceOne({ _id: before._id }, before);
    }
  }, 60_000);

  it('is found when its values pass for erased', async () => {
    const before = await original(trail.ids[13]);
    const value = { path: 'after.email', commitment: 'a'.repeat(64), by: uuidv7() };
    const changed = {
      ...before,
      after: { ...(before.after as object), email: null },
      erased: { values: [value], salts: [] },
    };
    for (const { flaws } of await withTampered(changed, before))
      expect(flaws[0]).toMatchObject({ kind: 'record_changed', recordId: before._id });
  });
});

describe('the set of records', () => {
  it('misses a deleted one by name', async () => {
    const before = await original(trail.ids[10]);
    await records().deleteOne({ _id: before._id });
    const [online, offline] = [await trail.verify(), await trail.verifyFile()];
    await records().insertOne(before);
    expect(online).toMatchObject(named('record_missing', before._id));
    expect(online.first).toMatchObject({ segment: 2, seq: 11 });
    expect(offline.flaws[0]).toMatchObject({ kind: 'record_missing', recordId: before._id });
  });

  it('names an inserted one, which no seal covers; an export leaves it out', async () => {
    const before = await original(trail.ids[10]);
    const inserted = { ...before, _id: `deal:${uuidv7()}:1` };
    await records().insertOne(inserted);
    const [online, offline] = [await trail.verify(), await trail.verifyFile()];
    await records().deleteOne({ _id: inserted._id });
    expect(online).toMatchObject(named('record_uncovered', inserted._id));
    expect(offline).toMatchObject({ flaws: [], records: 21 });
  });

  it('names the first of two that were exchanged', async () => {
    const [one, two] = [await original(trail.ids[8]), await original(trail.ids[9])];
    await records().replaceOne({ _id: one._id }, { ...two, _id: one._id });
    await records().replaceOne({ _id: two._id }, { ...one, _id: two._id });
    const [online, offline] = [await trail.verify(), await trail.verifyFile()];
    await records().replaceOne({ _id: one._id }, one);
    await records().replaceOne({ _id: two._id }, two);
    expect(online).toMatchObject(named('record_changed', one._id));
    expect(online.flaws).toHaveLength(2);
    expect(offline.flaws[0]).toMatchObject({ kind: 'record_changed', recordId: one._id });
  });

  it('does not bear two places exchanged in a seal, with or without their hashes', async () => {
    const seal = (await seals().findOne({ tenantId: trail.tenantId, segment: 2 })) as Document & {
      ids: string[];
    };
    const ids = [seal.ids[1], seal.ids[0], ...seal.ids.slice(2)];
    await seals().updateOne({ _id: seal._id }, { $set: { ids } });
    const [online, offline] = [await trail.verify(), await trail.verifyFile()];
    await seals().replaceOne({ _id: seal._id }, seal);
    for (const { flaws } of [online, offline])
      expect(flaws[0]).toMatchObject({ kind: 'record_changed', segment: 2, recordId: seal.ids[1] });
  });

  it('names records that changed tenants, in both', async () => {
    const before = await original(trail.ids[10]);
    const other = uuidv7();
    await trail.audit.bus.publish(buildEvent({ tenantId: other }));
    while ((await records().countDocuments({ tenantId: other })) === 0);
    await sealingOf(trail.audit).sealer.sealTenant(other);
    const foreign = (await records().findOne({ tenantId: other })) as Document;
    await records().updateOne({ _id: before._id }, { $set: { tenantId: other } });
    await records().updateOne({ _id: foreign._id }, { $set: { tenantId: trail.tenantId } });
    const [online, offline] = [await trail.verify(), await trail.verifyFile()];
    const theirs = await trail.audit.get('/audit-logs/verify', { tenantId: other });
    await records().replaceOne({ _id: before._id }, before);
    await records().deleteOne({ _id: foreign._id });
    expect(online).toMatchObject(named('record_changed', before._id));
    expect(offline.flaws[0]).toMatchObject({ kind: 'record_changed', recordId: before._id });
    expect(theirs.body).toMatchObject(named('record_changed', foreign._id));
  });
});

describe('the chain of seals', () => {
  /** Tampers with seals, lets both verifiers look, and puts all seals back. */
  async function withSeals(tamper: (all: Document[]) => Promise<unknown>) {
    const all = await seals().find({ tenantId: trail.tenantId }).sort({ _id: 1 }).toArray();
    await tamper(all);
    const verdicts = [await trail.verify(), await trail.verifyFile()] as const;
    await seals().deleteMany({ tenantId: trail.tenantId });
    await seals().deleteMany({ _id: { $in: all.map(({ _id }) => _id) } });
    await seals().insertMany(all);
    return verdicts;
  }

  it('names the segment whichever member of its seal was changed', async () => {
    const members = [
      'tenantId',
      'segment',
      'firstSeq',
      'lastSeq',
      'count',
      'root',
      'previous',
      'sealedAt',
      'keyId',
      'signature',
      'v',
    ];
    for (const member of members) {
      const [online] = await withSeals(([, second]) => {
        const value = otherThan(second?.[member]);
        return seals().updateOne({ _id: second?._id ?? '' }, { $set: { [member]: value } });
      });
      expect({ member, valid: online.valid }).toEqual({ member, valid: false });
      expect(online.first?.segment).toBe(member === 'segment' ? 2 : (online.first?.segment ?? 0));
      expect([2, 3]).toContain(online.first?.segment);
    }
  }, 60_000);

  it('does not take an old seal for a new one', async () => {
    const [online, offline] = await withSeals(([first]) =>
      seals().insertOne({ ...(first as Document), _id: `${trail.tenantId}/0000000004`, segment: 4 }),
    );
    expect(online.first).toMatchObject({ kind: 'seal_misplaced', segment: 4 });
    expect(offline.flaws[0]).toMatchObject({ kind: 'seal_misplaced', segment: 4 });
  });

  it('names the segment whose seal was replaced by another, signed one', async () => {
    const [online, offline] = await withSeals(([first, second]) =>
      seals().replaceOne({ _id: second?._id ?? '' }, { ...(first as Document), _id: second?._id ?? '' }),
    );
    for (const { flaws } of [online, offline])
      expect(flaws[0]).toMatchObject({ kind: 'seal_missing', segment: 2 });
  });

  it('names the segment that is missing in the middle', async () => {
    const [online, offline] = await withSeals(([, second]) => seals().deleteOne({ _id: second?._id ?? '' }));
    for (const { flaws } of [online, offline])
      expect(flaws[0]).toMatchObject({ kind: 'seal_missing', segment: 2 });
  });

  it('names the records of a last seal that was dropped, and the seal to whoever noted its hash', async () => {
    const { head } = await trail.verify();
    const [online] = await withSeals(([, , third]) => seals().deleteOne({ _id: third?._id ?? '' }));
    expect(online.flaws).toHaveLength(7);
    expect(online.flaws.map(({ kind }) => kind)).toEqual(Array(7).fill('record_uncovered'));
    expect(online.flaws.map(({ recordId }) => recordId).sort()).toEqual(trail.ids.slice(14).sort());
    const all = await seals().find({ tenantId: trail.tenantId }).sort({ _id: 1 }).toArray();
    await seals().deleteOne({ _id: all[2]?._id ?? '' });
    const [cut, file] = [await trail.verify(`?witness=${head?.hash}`), await trail.verifyFile(head?.hash)];
    await seals().insertOne(all[2] as Document);
    expect(cut.flaws.map(({ kind }) => kind)).toContain('witness_missing');
    expect(file.flaws).toMatchObject([{ kind: 'witness_missing' }]);
    expect((await trail.verify(`?witness=${head?.hash}`)).valid).toBe(true);
  });
});

describe('the keys', () => {
  const keys = () => collection('seal_keys');
  const publicOf = () => generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });

  it('are found changed under their ids', async () => {
    const key = (await keys().findOne({})) as Document;
    await keys().updateOne({ _id: key._id }, { $set: { 'publicJwk.x': publicOf().x } });
    const online = await trail.verify();
    const offline = await trail.verifyFile();
    await keys().replaceOne({ _id: key._id }, key);
    expect(online.first).toMatchObject({ kind: 'key_changed', segment: 1 });
    // The auditor brought the right key.
    expect(offline.flaws).toEqual([]);
  });

  it('are found missing', async () => {
    const key = (await keys().findOne({})) as Document;
    await keys().deleteOne({ _id: key._id });
    const online = await trail.verify();
    await keys().insertOne(key);
    expect(online.first).toMatchObject({ kind: 'key_unknown', segment: 1 });
  });

  it('do not count when the service has not made them, however well a chain is signed with them', async () => {
    const key = (await keys().findOne({})) as Document;
    await keys().updateOne({ _id: key._id }, { $set: { sealedJwk: 'AAAA' } });
    const online = await trail.verify();
    await keys().replaceOne({ _id: key._id }, key);
    expect(online.first).toMatchObject({ kind: 'key_untrusted', segment: 1 });
  });
});
