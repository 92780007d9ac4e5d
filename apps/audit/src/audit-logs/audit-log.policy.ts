import type { ChangeEvent, EntityType, Owned, Snapshot } from '@pipedesk/contracts';

/**
 * Whose a record is, by its own snapshot. A user's history belongs to that user, a session's to whoever logged in;
 * records without an owner (the tenant itself) are for roles whose scope is `all`.
 */
export function ownershipOf(entityType: EntityType, entityId: string, data: ChangeEvent['data']): Owned {
  const snapshot = data.after ?? data.before ?? {};
  const teamId = textIn(snapshot, 'teamId');
  if (entityType === 'user') return { ownerId: entityId, teamId };
  if (entityType === 'session') return { ownerId: textIn(snapshot, 'userId') ?? data.actor.id, teamId };
  return { ownerId: textIn(snapshot, 'ownerId'), teamId };
}

/** Of an entity whose logs were all removed nobody knows the owner: it is for whoever may read everything. */
export const ownerUnknown: Owned = { ownerId: null, teamId: null };

function textIn(snapshot: Snapshot, field: string): string | null {
  const value = snapshot[field];
  return typeof value === 'string' ? value : null;
}
