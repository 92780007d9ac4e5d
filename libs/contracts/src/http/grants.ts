import { z } from 'zod';
import { grantHolderSchema } from '../access/grants.ts';
import { permissionSchema, scopeSchema } from '../access/permissions.ts';
import { idSchema, timeInputSchema, timeSchema } from '../ids.ts';
import { lineSchema } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import { recordFields } from './record.ts';

/** A permission that a tenant gives on top of what a role has. It is never changed: another one takes its place. */
export const grantSchema = z.object({
  ...recordFields,
  permission: z.string(),
  scope: scopeSchema,
  to: grantHolderSchema,
  reason: z.string(),
  /** From then on it gives nothing; null: until it is taken back. */
  expiresAt: timeSchema.nullable(),
  grantedBy: z.object({ id: idSchema, name: z.string() }),
});
export type Grant = z.infer<typeof grantSchema>;

export const createGrantBody = z.strictObject({
  permission: permissionSchema,
  scope: scopeSchema,
  to: grantHolderSchema,
  /** Why, for whoever reads the audit trail. */
  reason: lineSchema(500),
  expiresAt: timeInputSchema.nullable().default(null),
});
export type NewGrant = z.infer<typeof createGrantBody>;

export const grantListQuery = z.strictObject({ ...pageQuery, permission: permissionSchema.optional() });
export type GrantListQuery = z.infer<typeof grantListQuery>;
export const grantPage = pageOf(grantSchema);
