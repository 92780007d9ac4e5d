import { z } from 'zod';

/** From most to least power. */
export const roles = ['admin', 'manager', 'sales', 'viewer'] as const;
export const roleSchema = z.enum(roles);
export type Role = z.infer<typeof roleSchema>;

/** True when `role` may grant `granted`: nobody grants above themselves. */
export function mayGrant(role: Role, granted: Role): boolean {
  return roles.indexOf(granted) >= roles.indexOf(role);
}
