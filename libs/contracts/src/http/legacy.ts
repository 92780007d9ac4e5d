import { z } from 'zod';
import { roleSchema } from '../access/roles.ts';
import { idSchema, timeSchema } from '../ids.ts';

/** How far a tenant's legacy callers are on their way out. Later stages are stricter. */
export const legacyStages = ['off', 'observe', 'warn', 'brownout', 'deny'] as const;
export const legacyStageSchema = z.enum(legacyStages);
export type LegacyStage = z.infer<typeof legacyStageSchema>;

export const legacyClientIdSchema = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

/** What a service asks for in a legacy caller's name. */
export const legacyTokenBody = z.strictObject({
  clientId: legacyClientIdSchema,
  /** As the header had it; the token never says more than `sales`. */
  role: roleSchema,
  ip: z.string().max(100),
});
export const legacyTokenSchema = z.object({ accessToken: z.string(), expiresIn: z.int() });

/** Calls of one client to one route within a short time. */
export const legacyUseSchema = z.strictObject({
  /** Given by whoever counted: a repeated report counts once. */
  id: idSchema,
  tenantId: idSchema,
  clientId: legacyClientIdSchema,
  /** Method and path without ids, e.g. `GET /deals/*`. */
  route: z.string().max(100),
  accepted: z.int().min(0),
  refused: z.int().min(0),
  lastSeen: timeSchema,
});
export type LegacyUse = z.infer<typeof legacyUseSchema>;
export const legacyUsesBody = z.strictObject({ uses: z.array(legacyUseSchema).min(1).max(100) });

/** The scoreboard of a tenant: who still calls the old way, and for how long that will work. */
export const legacyUsageSchema = z.object({
  stage: legacyStageSchema,
  sunset: timeSchema.nullable(),
  /** Whole days; negative afterwards. */
  daysToSunset: z.int().nullable(),
  items: z.array(
    z.object({
      clientId: z.string(),
      route: z.string(),
      calls: z.int(),
      refused: z.int(),
      lastSeen: timeSchema,
      stage: legacyStageSchema,
      daysToSunset: z.int().nullable(),
    }),
  ),
  /** Allowed clients that have never called: nothing keeps them on the list. */
  unseen: z.array(z.string()),
});
export type LegacyUsage = z.infer<typeof legacyUsageSchema>;
