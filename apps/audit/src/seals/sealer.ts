import type { Logger } from '@pipedesk/service-kit';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { hashOfRecord } from './format/leaf.ts';
import { merkleRoot } from './format/merkle.ts';
import { hashOfSeal, noSeal, type SealHeader, signSeal } from './format/seal.ts';
import type { Intake, IntakeEntry } from './intake.ts';
import type { SealKeys } from './seal-keys.ts';
import type { SealStore } from './seal.store.ts';
import type { Stamper } from './stamp.ts';

interface SealerDeps {
  intake: Intake;
  seals: SealStore;
  keys: Pick<SealKeys, 'signing'>;
  stamper: Stamper;
  readRecords: (ids: string[]) => Promise<AuditLog[]>;
  clock: () => Date;
  log: Logger;
}

/** Most records of one segment: what verifying holds in memory at once. */
const segmentSize = 1_024;
/** Announced records that are not there by then were never stored, or have been announced anew. */
const forgetAfter = 15 * 60_000;

/** What of an entry is still to be done. */
type Left = Required<Pick<IntakeEntry, 'ids' | 'refused'>>;

export type Sealer = ReturnType<typeof createSealer>;

/**
 * Turns a tenant's waiting records into segments, in the order in which they came. The insert of a seal is the one step
 * that counts: before it nothing has happened, after it everything has, and clearing the intake can be done by anyone
 * at any time. Several sealers at once only waste work, since a segment's number is taken once.
 */
export function createSealer(deps: SealerDeps) {
  const { intake, seals, clock, log } = deps;

  /** @returns how many records were sealed */
  async function sealTenant(tenantId: string): Promise<number> {
    let sealed = 0;
    let after = '';
    for (;;) {
      // The head comes first: whatever is sealed by others from here on takes the number that we are about to use.
      const head = await seals.head(tenantId);
      const entries = await readEntries(intake, tenantId, after);
      if (entries.length === 0) return sealed;
      const { fresh, settle } = await sortOut(entries);
      if (fresh.length > 0 && !(await addSegment(tenantId, head, fresh))) {
        log.info({ tenantId }, 'another process sealed this segment');
        continue;
      }
      sealed += fresh.length;
      await settle();
      after = entries.at(-1)?._id ?? after;
    }
  }

  /** What of the entries can be sealed, and how to clear them once it is. */
  async function sortOut(entries: IntakeEntry[]) {
    const ids = [...new Set(entries.flatMap((entry) => entry.ids))];
    const done = await seals.sealed(ids);
    const open = ids.filter((id) => !done.has(id));
    const found = new Map((await deps.readRecords(open)).map((record) => [record._id, record]));
    const refused = new Set<string>();
    const fresh: AuditLog[] = [];
    for (const id of open) {
      const record = found.get(id);
      if (record && isAuthentic(record, entries)) fresh.push(record);
      else if (record) refused.add(id);
    }
    const settle = () =>
      clear(entries.map((entry) => ({ entry, left: leftOf(entry, done, found, refused) })));
    return { fresh, settle };
  }

  /** A record that was changed before its sealing, or was never stored by us, gets no seal; the others go on. */
  function isAuthentic(record: AuditLog, entries: IntakeEntry[]): boolean {
    const isOurs =
      deps.stamper.isAuthentic(record) && entries.some(({ tenantId }) => tenantId === record.tenantId);
    if (!isOurs) log.error({ recordId: record._id }, 'a record was changed before it was sealed');
    return isOurs;
  }

  function leftOf(
    entry: IntakeEntry,
    done: Set<string>,
    found: Map<string, AuditLog>,
    refused: Set<string>,
  ): Left {
    const isOld = clock().getTime() - entry.at.getTime() > forgetAfter;
    const missing = entry.ids.filter((id) => !done.has(id) && !found.has(id));
    const known = new Set(entry.refused);
    for (const id of entry.ids) if (refused.has(id)) known.add(id);
    return { ids: isOld ? [] : missing, refused: [...known] };
  }

  /** Nearly all entries are done as a whole, and go by one command. */
  async function clear(entries: { entry: IntakeEntry; left: Left }[]): Promise<void> {
    const isDone = ({ left }: { left: Left }) => left.ids.length + left.refused.length === 0;
    const { done = [], open = [] } = Object.groupBy(entries, (one) => (isDone(one) ? 'done' : 'open'));
    await intake.remove(done.map(({ entry }) => entry));
    await Promise.all(open.map(({ entry, left }) => intake.reduce(entry, left)));
  }

  async function addSegment(
    tenantId: string,
    head: SealHeader | null,
    records: AuditLog[],
  ): Promise<boolean> {
    const firstSeq = (head?.lastSeq ?? 0) + 1;
    const leaves = records.map((record, index) => hashOfRecord(record, firstSeq + index));
    const { keyId, key } = await deps.keys.signing();
    const header: SealHeader = {
      v: 1,
      tenantId,
      segment: (head?.segment ?? 0) + 1,
      firstSeq,
      lastSeq: firstSeq + records.length - 1,
      count: records.length,
      root: merkleRoot(leaves).toString('hex'),
      previous: head ? hashOfSeal(head) : noSeal,
      sealedAt: clock().toISOString(),
      keyId,
    };
    const ids = records.map(({ _id }) => _id);
    const isAdded = await seals.add(signSeal(header, key), ids, leaves);
    // The log is a second place that knows how far the chain had come.
    if (isAdded)
      log.info(
        { tenantId, segment: header.segment, lastSeq: header.lastSeq, seal: hashOfSeal(header) },
        'sealed',
      );
    return isAdded;
  }

  return {
    sealTenant,
    /** Every tenant with something to seal. @returns how many records were sealed */
    async sealAll(): Promise<number> {
      let sealed = 0;
      for (const tenantId of await intake.tenants()) sealed += await sealTenant(tenantId);
      return sealed;
    },
  };
}

/** Whole entries for about one segment; a single entry is never larger. */
async function readEntries(intake: Intake, tenantId: string, after: string): Promise<IntakeEntry[]> {
  const entries = await intake.entries(tenantId, after, 256);
  const some: IntakeEntry[] = [];
  let size = 0;
  for (const entry of entries) {
    if (some.length > 0 && size + entry.ids.length > segmentSize) break;
    some.push(entry);
    size += entry.ids.length;
  }
  return some;
}
