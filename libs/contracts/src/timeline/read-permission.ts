import type { Permission } from '../access/permissions.ts';
import type { TimelineType } from './item.ts';

/** Who may read a record may read its timeline, whichever service answers it. */
export const timelineReadPermission = {
  lead: 'leads:read',
  deal: 'deals:read',
  company: 'companies:read',
  contact: 'contacts:read',
} as const satisfies Record<TimelineType, Permission>;
