import type { Connection } from '@pipedesk/mongo';
import { z } from 'zod';
import { holdCollection } from './hold.model.ts';
import type { SealedSettings, SealedSettingsReader } from './sealed-settings.ts';

/** What the holds of a tenant keep. */
export interface HeldSet {
  isHeld(entityType: string, entityId: string): boolean;
  /** Why nobody can tell what else is held; undefined when all of it is known. */
  broken: string | undefined;
}

const scopeSchema = z.object({ entityType: z.string().nullable(), entityId: z.string().nullable() });
type Scope = z.infer<typeof scopeSchema>;

interface HoldDocument {
  tenantId: string;
  deletedAt: Date | null;
}

/**
 * Reads holds from their documents and from the trail together: one that either of them knows keeps its records. A hold is
 * lifted once its removal is under a seal, and not by whoever deletes its document.
 */
export function createHoldsReader(connection: Connection, sealedSettings: SealedSettingsReader) {
  const documents = connection.collection<HoldDocument>(holdCollection);

  /** @returns an entry for each of the tenants */
  return async (tenantIds: string[]): Promise<Map<string, HeldSet>> => {
    const trails = await sealedSettings(tenantIds, 'audit_hold');
    const stored = await documents.find({ tenantId: { $in: tenantIds }, deletedAt: null }).toArray();
    const byTenant = Map.groupBy(stored, ({ tenantId }) => tenantId);
    return new Map(
      [...trails].map(([tenantId, trail]) => [
        tenantId,
        setOf([...(byTenant.get(tenantId) ?? []), ...statedIn(trail)]),
      ]),
    );
  };
}

function setOf(holds: unknown[]): HeldSet {
  const scopes = holds.map((one) => scopeSchema.safeParse(one).data);
  const known = scopes.filter((scope) => scope !== undefined);
  const broken =
    known.length < scopes.length
      ? 'the record of a hold, or its document, is gone or is not what was sealed'
      : undefined;
  return { isHeld: heldBy(known), broken };
}

/** The holds that were made and not lifted; undefined for one whose record cannot be believed. */
function statedIn(trail: SealedSettings): unknown[] {
  return [...trail.values()]
    .filter(({ record }) => record?.action !== 'deleted')
    .map(({ record }) => record?.after);
}

function heldBy(scopes: Scope[]): HeldSet['isHeld'] {
  const held = new Set(scopes.map(placeOf));
  return (entityType, entityId) =>
    [
      { entityType: null, entityId: null },
      { entityType, entityId: null },
      { entityType, entityId },
    ].some((scope) => held.has(placeOf(scope)));
}

/** `*` for a whole tenant, `deal/*`, or `deal/<id>`. */
function placeOf({ entityType, entityId }: Scope): string {
  return entityType === null ? '*' : `${entityType}/${entityId ?? '*'}`;
}
