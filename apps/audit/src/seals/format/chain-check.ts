import type { AuditFlaw } from '@pipedesk/contracts';
import { createErasureCheck } from './erasure-check.ts';
import type { KeyLookup } from './public-keys.ts';
import { createRemovalCheck } from './removal-check.ts';
import { hashOfSeal, isSignedBy, noSeal, type Seal } from './seal.ts';
import type { SegmentFindings } from './segment-check.ts';

interface ChainCheckOptions {
  tenantId: string;
  keys: KeyLookup;
  /** The seal before the first that will come; null for the start of the chain. */
  before: Seal | null;
  /** Hash of a seal that must come. */
  witness?: string | undefined;
  /** The last segment there was when reading began; what was sealed later tells only which removals there are. */
  upTo?: number | undefined;
}

export interface ChainCheckResult {
  segments: number;
  records: number;
  /** Records that retention has taken. */
  removed: number;
  head: { segment: number; seq: number; hash: string } | null;
  flaws: AuditFlaw[];
}

const mostFlaws = 100;

/**
 * Checks a chain seal by seal: sequence, links, signatures, and what was found in each segment. Keeps nothing but the last
 * seal, the erasures, the flaws, and two hashes of each segment that retention took records of: a chain of any length takes
 * about the same memory. The service and the offline verifier are both this and a source of checked segments.
 */
export function createChainCheck({ tenantId, keys, before, witness, upTo = Infinity }: ChainCheckOptions) {
  let previous = before;
  let isWitnessed = witness === undefined || (before !== null && hashOfSeal(before) === witness);
  const counted = { segments: 0, records: 0, removed: 0 };
  const flaws: AuditFlaw[] = [];
  const erasures = createErasureCheck();
  const removals = createRemovalCheck();

  const note = (flaw: AuditFlaw) => {
    if (flaws.length < mostFlaws) flaws.push(flaw);
  };
  const report = (kind: AuditFlaw['kind'], reason: string, place: Partial<AuditFlaw> = {}) => {
    note({ segment: null, seq: null, recordId: null, ...place, kind, reason });
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

  return {
    /** The next seal, and what was found under it. */
    segment(seal: Seal, findings: SegmentFindings): void {
      counted.segments++;
      counted.records += findings.records;
      counted.removed += findings.removed;
      checkSeal(seal);
      for (const flaw of findings.flaws) note(flaw);
      for (const record of findings.accounting) {
        erasures.record(record);
        removals.record(record, seal.segment > upTo);
      }
      removals.taken(findings.taken);
      previous = seal;
      isWitnessed ||= witness !== undefined && hashOfSeal(seal) === witness;
    },
    /** Whether records are gone by a removal whose own record has not come: it is in a segment that was sealed since. */
    awaitsRemoval: removals.isOpen,
    /** @param complete whether every segment has come: erasures and removals are only accounted for over all of them */
    finish({ complete }: { complete: boolean }): ChainCheckResult {
      if (!isWitnessed)
        report('witness_missing', `no seal has the hash ${witness}: the chain was cut or replaced`);
      if (complete) {
        for (const reason of erasures.unaccounted()) report('erasure_unaccounted', reason);
        for (const { kind, reason, ...place } of removals.unaccounted()) report(kind, reason, place);
      }
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
