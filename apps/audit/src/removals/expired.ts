import { type EntityType, entityTypes } from '@pipedesk/contracts';
import type { TenantRetention } from '../retention/policy.ts';

const day = 86_400_000;

/**
 * Records sealed before this are too old. By whole days (UTC): what was sealed on one day goes together, so a tenant has a
 * few removals a day, which are kept for ever, and not one a minute.
 */
export function cutoffOf(now: Date, days: number): string {
  const today = Math.floor(now.getTime() / day) * day;
  return new Date(today - days * day).toISOString();
}

/** Nothing sealed later than this is too old by any rule; null when nothing ever is. */
export function latestCutoff(retention: TenantRetention, now: Date): string | null {
  const days = entityTypes.map((type: EntityType) => retention.days(type)).filter((each) => each !== null);
  return days.length > 0 ? cutoffOf(now, Math.min(...days)) : null;
}

/** Whether a record has to go: too old by its seal, and not held. */
export function isDue(retention: TenantRetention, sealedAt: string, recordId: string, now: Date): boolean {
  const { entityType, entityId } = entityOf(recordId);
  const days = retention.days(entityType);
  return days !== null && sealedAt < cutoffOf(now, days) && !retention.isHeld(entityType, entityId);
}

/** Ids of records are those of their events: `deal:0198...:3`. */
export function entityOf(recordId: string): { entityType: string; entityId: string } {
  const [entityType = '', entityId = ''] = recordId.split(':');
  return { entityType, entityId };
}
