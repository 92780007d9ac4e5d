import { z } from 'zod';
import { permissionSchema } from '../access/permissions.ts';
import { idSchema, timeInputSchema, timeSchema } from '../ids.ts';
import { lineSchema } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import { recordFields } from './record.ts';

export const apiKeySchema = z.object({
  ...recordFields,
  /** For whom it speaks. */
  ownerId: idSchema,
  name: z.string(),
  /** The first characters, to tell keys apart. */
  prefix: z.string(),
  permissions: z.array(permissionSchema),
  expiresAt: timeSchema,
});
export type ApiKey = z.infer<typeof apiKeySchema>;

export const createApiKeyBody = z.strictObject({
  name: lineSchema(120),
  permissions: z
    .array(permissionSchema)
    .min(1)
    .refine((list) => new Set(list).size === list.length, 'must not repeat'),
  /** At most a year ahead; 90 days unless told. */
  expiresAt: timeInputSchema.optional(),
});
export type NewApiKey = z.infer<typeof createApiKeyBody>;

/** The key itself is shown this once. */
export const createdApiKeySchema = apiKeySchema.extend({ key: z.string() });

export const apiKeyListQuery = z.strictObject({ ...pageQuery, ownerId: idSchema.optional() });
export type ApiKeyListQuery = z.infer<typeof apiKeyListQuery>;
export const apiKeyPage = pageOf(apiKeySchema);

export const apiKeyTokenBody = z.strictObject({
  apiKey: z.string().regex(/^pdk_[\w-]{43}$/, 'must be an API key'),
});
