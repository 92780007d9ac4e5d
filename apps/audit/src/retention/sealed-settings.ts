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

/** One tenant's, by their ids. */
export type SealedSettings = ReadonlyMap<string, SealedSetting>;

/** A sealed record by its id, whose tenant and setting are known. */
interface Place {
  id: string;
  tenantId: string;
  entityId: string;
  version: number;
}

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
 * Reads what the audit trail says of tenants' own settings, and believes only what is under a good seal. Which versions
 * there are is asked of the seals: whoever deletes a record of them does not make an older one the newest. Who changes a
 * seal's list of records as well is found by this process if it knew the record, and by verifying the trail.
 */
export function createSealedSettingsReader({ seals, keys }: SealedSettingsDeps) {
  /** Checked once in a process, since what was signed cannot change; records are held against it each time. */
  const proofs = new Map<string, Proof>();
  /** The newest places of each tenant and type as last proven: seals stay for ever, so they cannot lose one. */
  const proven = new Map<string, Place[]>();

  async function prove(places: Place[]): Promise<void> {
    const unknown = places.filter(({ id }) => !proofs.has(id));
    if (unknown.length === 0) return;
    const lookup = await keys.lookup();
    for (const { id, tenantId } of unknown) {
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

  /** @returns an entry for each of the tenants */
  return async (tenantIds: string[], entityType: EntityType): Promise<Map<string, SealedSettings>> => {
    const remembered = tenantIds.flatMap((tenantId) => proven.get(`${tenantId}/${entityType}`) ?? []);
    const named = (await seals.idsOf(tenantIds, entityType)).map(placeOf);
    const newest = newestOfEach([...named, ...remembered]);
    await prove(newest);
    const found = newest.length > 0 ? await seals.records(newest.map(({ id }) => id)) : [];
    const records = new Map(found.filter(isAsSealed).map((record) => [record._id, record]));
    const byTenant = Map.groupBy(newest, ({ tenantId }) => tenantId);
    for (const [tenantId, places] of byTenant)
      proven.set(
        `${tenantId}/${entityType}`,
        places.filter(({ id }) => proofs.has(id)),
      );
    return new Map(
      tenantIds.map((tenantId) => [tenantId, settingsOf(byTenant.get(tenantId) ?? [], records)]),
    );
  };
}

/** Another tenant's record is as good as none, however well it is sealed there. */
function settingsOf(places: Place[], records: Map<string, AuditLog>): SealedSettings {
  return new Map(
    places.map(({ id, tenantId, entityId, version }) => {
      const record = records.get(id);
      return [entityId, { version, record: record?.tenantId === tenantId ? record : null }];
    }),
  );
}

/** Of what is no id of an event nobody has a record: it counts as one that is gone. */
function placeOf({ id, tenantId }: { id: string; tenantId: string }): Place {
  const [, entityId = '', version] = id.split(':');
  return { id, tenantId, entityId, version: Number(version) };
}

function newestOfEach(places: Place[]): Place[] {
  const newest = new Map<string, Place>();
  for (const place of places) {
    const setting = `${place.tenantId}/${place.entityId}`;
    const known = newest.get(setting);
    if (!known || !(known.version >= place.version)) newest.set(setting, place);
  }
  return [...newest.values()];
}

function proofIn(seal: StoredSeal, id: string, keys: KeyLookup): Proof | undefined {
  const leaves = leavesOf(seal);
  const index = seal.ids.indexOf(id);
  const leaf = leaves[index];
  return leaf && isIntact(seal, leaves, keys) ? { seq: seal.firstSeq + index, leaf } : undefined;
}

/** Whether a stored seal is what was signed, and its list of leaves gives the root. */
export function isIntact(seal: StoredSeal, leaves: Buffer[], keys: KeyLookup): boolean {
  try {
    const key = keys(seal.keyId);
    const isSigned = typeof key !== 'string' && isSignedBy(seal, key);
    return isSigned && leaves.length === seal.count && merkleRoot(leaves).toString('hex') === seal.root;
  } catch {
    // Who changed it need not have left it a shape that can be hashed; other tenants' settings are read all the same.
    return false;
  }
}
