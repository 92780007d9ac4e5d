import { z } from 'zod';
import { grantStateSchema } from '../access/grants.ts';
import { roleSchema } from '../access/roles.ts';
import { idSchema, timeSchema } from '../ids.ts';

/** What has become of a user; `version` is that of their record, which tokens carry as `pv`. */
export const userAccessSchema = z.object({
  id: idSchema,
  tenantId: idSchema,
  version: z.int().min(1),
  name: z.string(),
  role: roleSchema,
  teamId: idSchema.nullable(),
  status: z.enum(['active', 'disabled']),
});
export type UserAccess = z.infer<typeof userAccessSchema>;

/** The managers of a team, as of a version of its record. */
export const teamManagersSchema = z.object({
  id: idSchema,
  tenantId: idSchema,
  version: z.int().min(1),
  managerIds: z.array(idSchema),
});
export type TeamManagers = z.infer<typeof teamManagersSchema>;

/** Everything that makes a token say more than it may, since a time or within the lifetime of a token. */
export const revocationsSchema = z.object({
  /** The time of the answer by auth's clock; the next question may start there. */
  asOf: timeSchema,
  /** Of an access token, in seconds: nothing has to be remembered for longer. */
  tokenLifetime: z.int(),
  /** Ended sessions and API keys, by the `sid` and `akid` of their tokens. */
  sessions: z.array(z.object({ id: idSchema, tenantId: idSchema })),
  /** Users whose record was changed, as they are now. */
  users: z.array(userAccessSchema),
  /** Tenants in which sessions that began before a time are over. */
  tenants: z.array(z.object({ id: idSchema, notBefore: timeSchema })),
  /** Given or taken back since the time asked for; without one, all there are. Grants themselves never change. */
  grants: z.array(grantStateSchema.extend({ isRevoked: z.boolean() })).default([]),
  /** Changed since the time asked for; without one, all that have managers beside their members. */
  teams: z.array(teamManagersSchema).default([]),
});
export type RevocationSnapshot = z.infer<typeof revocationsSchema>;

export const revocationsQuery = z.strictObject({ since: timeSchema.optional() });
