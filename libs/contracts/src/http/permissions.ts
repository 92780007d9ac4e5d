import { z } from 'zod';
import { permissionSchema, scopeSchema } from '../access/permissions.ts';
import { roleSchema } from '../access/roles.ts';
import { entityTypeSchema } from '../events/envelope.ts';
import { idSchema } from '../ids.ts';
import { grantSchema } from './grants.ts';

/** A permission, how far it reaches, and the rule that takes it that far. */
const explainedSchema = z.object({
  permission: permissionSchema,
  scope: scopeSchema,
  source: z.enum(['role', 'grant']),
  /** `deals:edit/team` of the rule table, or `grant/<id>`. */
  rule: z.string(),
  /** The grant, where it is one: who gave it, why, and until when. */
  grant: grantSchema.optional(),
});

/** What somebody may do, how far, and by which rule. */
export const permissionsSchema = z.object({
  userId: idSchema,
  role: roleSchema,
  teamId: idSchema.nullable(),
  /** Teams they manage beside their own. */
  teamIds: z.array(idSchema),
  rulesVersion: z.string(),
  grantsVersion: z.string().optional(),
  permissions: z.array(explainedSchema),
  /** What role and grants would give and the API key of the request does not. */
  withheld: z.array(permissionSchema),
  /** Fields that records are read without. A grant does not lift them. */
  masks: z.array(z.object({ entityType: entityTypeSchema, fields: z.array(z.string()) })),
  /** Whether the permission asked about holds on a record with the owner and team asked about. */
  decision: z
    .object({
      permission: permissionSchema,
      isAllowed: z.boolean(),
      rule: z.string(),
      detail: z.string(),
    })
    .optional(),
});
export type PermissionsAnswer = z.infer<typeof permissionsSchema>;

/** Facts of a record, as they are given: no record is looked at. */
export const permissionsQuery = z
  .strictObject({
    permission: permissionSchema.optional(),
    ownerId: idSchema.optional(),
    teamId: idSchema.optional(),
  })
  .refine(({ permission, ownerId, teamId }) => permission !== undefined || (!ownerId && !teamId), {
    path: ['permission'],
    error: 'must be given with ownerId or teamId',
  });
export type PermissionsQuery = z.infer<typeof permissionsQuery>;
