import type { AuditFlaw } from '@pipedesk/contracts';
import type { SealableRecord } from './record.ts';
import { createErasureCheck } from './erasure-check.ts';
import { hashOfRecord } from './leaf.ts';
import { merkleRoot } from './merkle.ts';
import type { KeyLookup } from './public-keys.ts';
import { hashOfSeal, isSignedBy, noSeal, type Seal } from './seal.ts';

/** A seal with what it covers; a record that is gone is undefined. */
export interface Segment {
  seal: Seal;
  /** Ids and leaf hashes as they were sealed, in order. They say which record differs; the root says whether they lie. */
  ids: string[];
  leaves: Buffer[];
  records: (SealableRecord | undefined)[];
}

interface ChainCheckOptions {
  tenantId: string;
  keys: KeyLookup;
  /** The seal before the first that will come; null for the start of the chain. */
  before: Seal | null;
  /** Hash of a seal that must come. */
  witness?: string | undefined;
}

export interface ChainCheckResult {
  segments: number;
  records: number;
  head: { segment: number; seq: number; hash: string } | null;
  flaws: AuditFlaw[];
}

const mostFlaws = 100;

/**
 * Recomputes a chain segment by segment: sequence, links, signatures, trees, every record. Keeps nothing but the last
 * seal, the erasures and the flaws, so a chain of any length takes the same memory. The service and the offline
 * verifier are both this and a source of segments.
 */
export function createChainCheck({ tenantId, keys, before, witness }: ChainCheckOptions) {
  let previous = before;
  let isWitnessed = witness === undefined || (before !== null && hashOfSeal(before) === witness);
  const counted = { segments: 0, records: 0 };
  const flaws: AuditFlaw[] = [];
  const erasures = createErasureCheck();

  const report = (kind: AuditFlaw['kind'], reason: string, place: Partial<AuditFlaw> = {}) => {
    const flaw = { segment: null, seq: null, recordId: null, ...place, kind, reason };
    if (flaws.length < mostFlaws) flaws.push(flaw);
  };

  function checkSeal(seal: Seal): void {
    const at = { segment: seal.segment };
    const expected = (previous?.segment ?? 0) + 1;
    if (seal.segment !== expected)
      report('seal_missing', `segment ${expected} is missing; ${seal.segment} comes instead`, {
        segment: expected,
      });
    if (seal.tenantId !== tenantId) report('seal_misplaced', `the seal is of tenant ${seal.tenantId}`, at);
    if (seal.previous !== (previous ? hashOfSeal(previous) : noSeal))
      report('seal_misplaced', 'the seal does not continue the one before it', at);
    const isRanged = seal.lastSeq - seal.firstSeq + 1 === seal.count;
    if (seal.firstSeq !== (previous?.lastSeq ?? 0) + 1 || !isRanged)
      report('seal_misplaced', `numbers ${seal.firstSeq} to ${seal.lastSeq} do not follow`, at);
    const key = keys(seal.keyId);
    if (typeof key === 'string') report(key, `key ${seal.keyId}: ${keyReasons[key]}`, at);
    else if (!isSignedBy(seal, key)) report('seal_changed', 'the signature does not fit the seal', at);
  }

  function checkTree({ seal, ids, leaves }: Segment): boolean {
    const isWhole = leaves.length === seal.count && ids.length === seal.count;
    const isRooted = isWhole && merkleRoot(leaves).toString('hex') === seal.root;
    if (!isRooted)
      report('tree_changed', 'the list of the segment’s records does not give its root', {
        segment: seal.segment,
      });
    return isRooted;
  }

  function checkRecord({ seal, ids, leaves, records }: Segment, index: number): void {
    const record = records[index];
    const seq = seal.firstSeq + index;
    const at = { segment: seal.segment, seq, recordId: ids[index] || null };
    if (!record) {
      report('record_missing', 'the record was sealed and is not there', at);
      return;
    }
    if (index >= seal.count) report('record_changed', 'the segment has no place for the record', at);
    counted.records++;
    const differs = differenceOf(record, seq, leaves[index]);
    if (differs) report('record_changed', differs, at);
    else erasures.record(record);
  }

  return {
    segment(segment: Segment): void {
      counted.segments++;
      checkSeal(segment.seal);
      checkTree(segment);
      const length = Math.max(segment.ids.length, segment.records.length);
      for (let index = 0; index < length; index++) checkRecord(segment, index);
      previous = segment.seal;
      isWitnessed ||= hashOfSeal(segment.seal) === witness;
    },
    /** @param complete whether every segment has come: erasures are only accounted for over all of them */
    finish({ complete }: { complete: boolean }): ChainCheckResult {
      if (!isWitnessed)
        report('witness_missing', `no seal has the hash ${witness}: the chain was cut or replaced`);
      if (complete) for (const reason of erasures.unaccounted()) report('erasure_unaccounted', reason);
      const head = previous && {
        segment: previous.segment,
        seq: previous.lastSeq,
        hash: hashOfSeal(previous),
      };
      return { ...counted, head, flaws };
    },
  };
}

const keyReasons = {
  key_unknown: 'there is no such key',
  key_changed: 'the key under this id is another one',
  key_untrusted: 'nobody trusted vouches for it',
};

/** Says what is wrong with a record; undefined when it is the one that was sealed. */
function differenceOf(record: SealableRecord, seq: number, sealed: Buffer | undefined): string | undefined {
  try {
    const isSame = sealed !== undefined && hashOfRecord(record, seq).equals(sealed);
    return isSame ? undefined : 'the record is not what was sealed';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
