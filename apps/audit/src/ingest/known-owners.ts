/** A few MB of ids: the records that are being worked on. */
const mostKnown = 20_000;

/** The tenants of the records seen lately, by record id. A record never changes its tenant, so nothing known turns wrong. */
export interface KnownOwners {
  /** By what is stored, or else by what is just being stored. */
  tenantOf(entityId: string): string | undefined;
  /** For what is stored, and for nothing else: forgeries that never get that far must not speak for a record. */
  remember(entityId: string, tenantId: string): void;
  /** Holds while an event is being stored, so that a batch beside it learns of it. @returns what ends that */
  suppose(owners: Map<string, string>): () => void;
}

export function createKnownOwners(): KnownOwners {
  const known = new Map<string, string>();
  const underway = new Set<Map<string, string>>();
  const supposed = (entityId: string): string | undefined => {
    for (const owners of underway) if (owners.has(entityId)) return owners.get(entityId);
    return undefined;
  };
  return {
    tenantOf: (entityId) => known.get(entityId) ?? supposed(entityId),
    remember(entityId, tenantId) {
      // Maps are in the order of insertion, so the first is the one that has been out of use the longest.
      known.delete(entityId);
      known.set(entityId, tenantId);
      const [oldest] = known.size > mostKnown ? known.keys() : [];
      if (oldest !== undefined) known.delete(oldest);
    },
    suppose(owners) {
      underway.add(owners);
      return () => void underway.delete(owners);
    },
  };
}
