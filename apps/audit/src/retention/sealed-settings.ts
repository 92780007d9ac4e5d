import type { EntityType } from '@pipedesk/contracts';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { hashOfRecord } from '../seals/format/leaf.ts';
import { merkleRoot } from '../seals/format/merkle.ts';
import type { KeyLookup } from '../seals/format/public-keys.ts';
import { isSignedBy } from '../seals/format/seal.ts';
import type { SealKeys } from '../seals/seal-keys.ts';
import { leavesOf, type SealStore, type StoredSeal } from '../seals/seal.store.ts';

/** The newest version of one setting that is under a seal; its record is null when it is gone or not what was sealed. */
export interface SealedSetting {
  version: number;
  record: AuditLog | null;
}

/** By the setting's id. */
export type SealedSettings = Map<string, SealedSetting>;

interface SealedSettingsDeps {
  seals: Pick<SealStore, 'idsOf' | 'of' | 'records'>;
  keys: Pick<SealKeys, 'lookup'>;
}

/** What a record's leaf has to come to, by a seal whose signature and tree were checked. */
interface Proof {
  seq: number;
  leaf: Buffer;
}

export type SealedSettingsReader = ReturnType<typeof createSealedSettingsReader>;

/**
 * Reads what the audit trail says of a tenant's own settings, and believes only what is under a good seal. Which versions
 * there are is asked of the seals: whoever deletes a record of them does not make an older one the newest. Who changes a
 * seal's list of records as well is found by this process if it knew the record, and by verifying the trail.
 */
export function createSealedSettingsReader({ seals, keys }: SealedSettingsDeps) {
  /** Checked once in a process, since what was signed cannot change; records are held against it each time. */
  const proofs = new Map<string, Proof>();
  /** The newest ids as last proven: seals stay for ever, so one that does not name its record any more was changed. */
  const proven = new Map<string, string[]>();

  async function prove(tenantId: string, ids: string[]): Promise<void> {
    const unknown = ids.filter((id) => !proofs.has(id));
    if (unknown.length === 0) return;
    const lookup = await keys.lookup();
    for (const id of unknown) {
      const seal = await seals.of(tenantId, id);
      const proof = seal && proofIn(seal, id, lookup);
      if (proof) proofs.set(id, proof);
    }
  }

  function isAsSealed(record: AuditLog): boolean {
    const proof = proofs.get(record._id);
    try {
      return proof !== undefined && hashOfRecord(record, proof.seq).equals(proof.leaf);
    } catch {
      // A record that was tampered with may have lost what its leaf is made of.
      return false;
    }
  }

  return async (tenantId: string, entityType: EntityType): Promise<SealedSettings> => {
    const place = `${tenantId}/${entityType}`;
    const named = await seals.idsOf(tenantId, entityType);
    const newest = newestOfEach([...named, ...(proven.get(place) ?? [])]);
    const ids = [...newest.values()].map(({ id }) => id);
    await prove(tenantId, ids);
    if (ids.length > 0)
      proven.set(
        place,
        ids.filter((id) => proofs.has(id)),
      );
    const found = ids.length > 0 ? await seals.records(ids) : [];
    const records = new Map(found.filter(isAsSealed).map((record) => [record._id, record]));
    return new Map(
      [...newest].map(([entityId, { id, version }]) => [
        entityId,
        { version, record: records.get(id) ?? null },
      ]),
    );
  };
}

/** Of what is no id of an event nobody has a record: it counts as one that is gone. */
function newestOfEach(ids: string[]): Map<string, { id: string; version: number }> {
  const newest = new Map<string, { id: string; version: number }>();
  for (const id of ids) {
    const [, entityId = '', text] = id.split(':');
    const version = Number(text);
    if (!((newest.get(entityId)?.version ?? 0) >= version)) newest.set(entityId, { id, version });
  }
  return newest;
}

function proofIn(seal: StoredSeal, id: string, keys: KeyLookup): Proof | undefined {
  const leaves = leavesOf(seal);
  const index = seal.ids.indexOf(id);
  const leaf = leaves[index];
  return leaf && isIntact(seal, leaves, keys) ? { seq: seal.firstSeq + index, leaf } : undefined;
}

/** Whether a stored seal is what was signed, and its list of leaves gives the root. */
function isIntact(seal: StoredSeal, leaves: Buffer[], keys: KeyLookup): boolean {
  const key = keys(seal.keyId);
  const isSigned = typeof key !== 'string' && isSignedBy(seal, key);
  return isSigned && leaves.length === seal.count && merkleRoot(leaves).toString('hex') === seal.root;
}
