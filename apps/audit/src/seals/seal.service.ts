import type { AuditProof, AuditVerdict, AuditVerifyQuery } from '@pipedesk/contracts';
import { tenantOf } from '@pipedesk/mongo';
import { conflict, notFound, type TenantContext } from '@pipedesk/service-kit';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { recordRemoved, type RemovedRecords } from '../removals/removed-records.ts';
import { createChainCheck } from './format/chain-check.ts';
import { hashOfLeaf, leafOf } from './format/leaf.ts';
import { merklePath } from './format/merkle.ts';
import { hashOfSeal, type Seal } from './format/seal.ts';
import { checkSegment } from './format/segment-check.ts';
import type { Examiner } from './examiner.ts';
import type { SealKeys } from './seal-keys.ts';
import { leavesOf, type SealStore, type SegmentRange, type StoredSeal } from './seal.store.ts';
import { sealedSince } from './sealed-since.ts';
import type { OutsideFinder } from './uncovered.ts';

interface SealServiceDeps {
  seals: SealStore;
  examine: Examiner['examine'];
  keys: SealKeys;
  findOutside: OutsideFinder;
  removed: Pick<RemovedRecords, 'of'>;
  getRecord: (tenantId: string, id: string) => Promise<AuditLog | null>;
}

export type SealService = ReturnType<typeof createSealService>;

export function createSealService(deps: SealServiceDeps) {
  const { seals, examine, keys, findOutside, removed, getRecord } = deps;

  /** The segments asked for; whether those are all there are. */
  async function rangeOf(tenantId: string, query: AuditVerifyQuery) {
    const last = (await seals.head(tenantId))?.segment ?? 0;
    const { from, to, fromSegment = 1, toSegment = last } = query;
    const range = { from: fromSegment, to: Math.min(toSegment, last) };
    const timed = from || to ? await seals.sealedWithin(tenantId, from, to) : range;
    const both: SegmentRange = timed
      ? { from: Math.max(range.from, timed.from), to: Math.min(range.to, timed.to) }
      : { from: 1, to: 0 };
    const isAll = !from && !to && query.fromSegment === undefined && query.toSegment === undefined;
    return { range: both, isAll };
  }

  async function requireSeal(tenantId: string, id: string): Promise<StoredSeal> {
    const seal = await seals.of(tenantId, id);
    if (seal) return seal;
    throw conflict('audit_record_not_sealed', {
      detail: 'The record has no seal yet. It gets one within seconds; ask again.',
    });
  }

  return {
    /** @param isGone tells that nobody waits for the answer any more */
    async verify(
      context: TenantContext,
      query: AuditVerifyQuery,
      isGone: () => boolean,
    ): Promise<AuditVerdict> {
      const tenantId = tenantOf(context);
      const { range, isAll } = await rangeOf(tenantId, query);
      const before = range.from > 1 ? await seals.get(tenantId, range.from - 1) : null;
      const lookup = await keys.lookup();
      const { witness } = query;
      const check = createChainCheck({ tenantId, keys: lookup, before, witness, upTo: range.to });
      for await (const { seal, findings } of examine(tenantId, range)) {
        check.segment(seal, findings);
        if (isGone()) break;
      }
      const isNeeded = () => isAll && !isGone() && check.awaitsRemoval();
      for await (const segment of sealedSince(seals, tenantId, range.to, isNeeded))
        check.segment(segment.seal, checkSegment(segment));
      const { flaws, segments, records, removed: gone, head } = check.finish({ complete: isAll });
      const outside = isAll ? await findOutside(tenantId, records) : { unsealed: 0, flaws: [] };
      const all = [...flaws, ...outside.flaws].slice(0, 100);
      const first = all[0] ?? null;
      const counted = { segments, records, removed: gone, unsealed: outside.unsealed };
      return { valid: !first, complete: isAll, ...counted, head, first, flaws: all };
    },

    /**
     * @throws ProblemError 404 for a record unknown to this tenant, 410 for a removed one, 409 while it has no seal yet or no longer matches it
     */
    async proof(context: TenantContext, id: string): Promise<AuditProof> {
      const tenantId = tenantOf(context);
      const record = await getRecord(tenantId, id);
      const removalId = record ? null : await removed.of(tenantId, id);
      if (removalId) throw recordRemoved(removalId, 'Retention has removed this audit record.');
      if (!record)
        throw notFound('audit_record_not_found', { detail: 'There is no audit record with this id.' });
      const stored = await requireSeal(tenantId, id);
      const leaves = leavesOf(stored);
      const index = stored.ids.indexOf(id);
      const seq = stored.firstSeq + index;
      const leaf = leafIn(record, seq);
      const leafHash = leaf && hashOfLeaf(leaf);
      if (!leaf || !leafHash || !leaves[index]?.equals(leafHash)) {
        throw conflict('audit_record_changed', {
          detail:
            'The record is not what was sealed, so nothing can be proved of it. Verify the audit trail.',
        });
      }
      const head = (await seals.head(tenantId)) ?? stored;
      return {
        recordId: id,
        seq,
        leaf: JSON.parse(JSON.stringify(leaf)) as typeof leaf,
        leafHash: leafHash.toString('hex'),
        index,
        size: leaves.length,
        path: merklePath(leaves, index).map((hash) => hash.toString('hex')),
        seal: sealOf(stored),
        head: { segment: head.segment, seq: head.lastSeq, hash: hashOfSeal(head) },
        keys: await keys.published(),
      };
    },

    publicKeys: async () => ({ keys: await keys.published() }),
  };
}

/** undefined for a record that has lost what its leaf is made of. */
function leafIn(record: AuditLog, seq: number) {
  try {
    return leafOf(record, seq);
  } catch {
    return undefined;
  }
}

export function sealOf({ v, tenantId, segment, firstSeq, lastSeq, count, ...rest }: Seal): Seal {
  const { root, previous, sealedAt, keyId, signature } = rest;
  return { v, tenantId, segment, firstSeq, lastSeq, count, root, previous, sealedAt, keyId, signature };
}
