import type { AuditFlaw } from '@pipedesk/contracts';
import type { Connection } from '@pipedesk/mongo';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { keyRange } from '../audit-logs/audit-log.query.ts';
import { intakeCollection, type IntakeEntry } from './intake.ts';
import type { SealStore } from './seal.store.ts';

export interface Outside {
  /** Stored and announced, so the next seal takes them. */
  unsealed: number;
  flaws: AuditFlaw[];
}

export type OutsideFinder = (tenantId: string, sealedFound: number) => Promise<Outside>;

const idsAtOnce = 1_000;

/**
 * Finds a tenant's records that stand outside the chain: waiting ones, refused ones, and those that neither a seal nor
 * the intake knows, which somebody slipped in or whose seal was taken away. Counting tells whether there is anything to
 * find; only then every id is looked up.
 */
export function createOutsideFinder(connection: Connection, seals: Pick<SealStore, 'sealed'>): OutsideFinder {
  const records = connection.collection<AuditLog>('auditrecords');
  const intake = connection.collection<IntakeEntry>(intakeCollection);

  async function waitingOf(tenantId: string) {
    const waiting = new Set<string>();
    const refused = new Set<string>();
    for await (const entry of intake.find({ tenantId })) {
      for (const id of entry.ids) waiting.add(id);
      for (const id of entry.refused ?? []) refused.add(id);
    }
    return { waiting, refused };
  }

  /** The intake is read before the seals: what leaves it meanwhile has a seal by then. */
  async function flawsAmong(tenantId: string, ids: string[]): Promise<AuditFlaw[]> {
    const { waiting, refused } = await waitingOf(tenantId);
    const sealed = await seals.sealed(ids);
    return ids
      .filter((id) => !sealed.has(id) && !waiting.has(id))
      .map((id) => (refused.has(id) ? refusedFlaw(id) : uncoveredFlaw(id)));
  }

  return async (tenantId, sealedFound) => {
    const { waiting, refused } = await waitingOf(tenantId);
    const [total, stored] = await Promise.all([
      records.countDocuments({ tenantId }),
      records.countDocuments({ tenantId, _id: { $in: [...waiting] } }),
    ]);
    if (refused.size === 0 && total === sealedFound + stored) return { unsealed: stored, flaws: [] };
    const flaws: AuditFlaw[] = [];
    for await (const ids of allIds(
      records.find({ tenantId, key: keyRange({}) }, { projection: { _id: 1 } }),
    )) {
      flaws.push(...(await flawsAmong(tenantId, ids)));
      if (flaws.length >= 100) break;
    }
    return { unsealed: stored, flaws };
  };
}

async function* allIds(rows: AsyncIterable<{ _id: string }>): AsyncGenerator<string[]> {
  let ids: string[] = [];
  for await (const { _id } of rows) {
    ids.push(_id);
    if (ids.length < idsAtOnce) continue;
    yield ids;
    ids = [];
  }
  if (ids.length > 0) yield ids;
}

const nowhere = { segment: null, seq: null };

function uncoveredFlaw(recordId: string): AuditFlaw {
  const reason = 'no seal covers the record and none is due: it was slipped in, or its seal was taken away';
  return { ...nowhere, kind: 'record_uncovered', recordId, reason };
}

function refusedFlaw(recordId: string): AuditFlaw {
  return {
    ...nowhere,
    kind: 'record_refused',
    recordId,
    reason: 'the record was changed before it was sealed',
  };
}
