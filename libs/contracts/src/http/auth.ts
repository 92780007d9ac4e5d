import { z } from 'zod';
import { roleSchema } from '../access/roles.ts';
import { idSchema, timeSchema } from '../ids.ts';
import { emailSchema, lineSchema } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import { recordFields } from './record.ts';

/** Long pass-phrases are welcome; the upper bound keeps hashing cheap (OWASP ASVS 5, 6.2). */
export const passwordSchema = z.string().min(12, 'must have at least 12 characters').max(200);

export const signupBody = z.strictObject({
  tenantName: lineSchema(120),
  name: lineSchema(120),
  email: emailSchema,
  password: passwordSchema,
});

/** Opaque to clients; ours have 43 characters. */
export const refreshBody = z.strictObject({ refreshToken: z.string().min(1).max(200) });

export const loginBody = z.strictObject({ email: emailSchema, password: z.string().min(1).max(200) });

export const userSchema = z.object({
  ...recordFields,
  tenantId: idSchema,
  email: z.string(),
  name: z.string(),
  role: roleSchema,
  teamId: idSchema.nullable(),
  status: z.enum(['active', 'disabled']),
});
export type User = z.infer<typeof userSchema>;

export const tenantSchema = z.object({
  ...recordFields,
  name: z.string(),
  /** Sessions that began before are over. */
  notBefore: timeSchema.nullable(),
});
export type Tenant = z.infer<typeof tenantSchema>;

/** `expiresIn` is in seconds (RFC 6749 section 5.1). A refresh token is exchanged for the next one at each use. */
export const tokenSchema = z.object({
  accessToken: z.string(),
  tokenType: z.literal('Bearer'),
  expiresIn: z.int(),
  refreshToken: z.string(),
  user: userSchema,
  tenant: tenantSchema,
});

export const meSchema = z.object({ user: userSchema, tenant: tenantSchema });

export const createUserBody = z.strictObject({
  name: lineSchema(120),
  email: emailSchema,
  password: passwordSchema,
  role: roleSchema,
  teamId: idSchema.nullable().default(null),
});

export const changeUserBody = z
  .strictObject({
    name: lineSchema(120),
    role: roleSchema,
    teamId: idSchema.nullable(),
    status: z.enum(['active', 'disabled']),
  })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'must change at least one field');

export const userListQuery = z.strictObject({
  ...pageQuery,
  role: roleSchema.optional(),
  status: z.enum(['active', 'disabled']).optional(),
});
export const userPage = pageOf(userSchema);

/** RFC 7517 key set; only public members ever appear. */
export const jwksSchema = z.object({
  keys: z.array(
    z.object({
      kty: z.string(),
      crv: z.string(),
      x: z.string(),
      y: z.string(),
      kid: z.string(),
      alg: z.string(),
      use: z.string(),
    }),
  ),
});

export type Signup = z.infer<typeof signupBody>;
export type Login = z.infer<typeof loginBody>;
export type Refresh = z.infer<typeof refreshBody>;
export type NewUser = z.infer<typeof createUserBody>;
export type UserPatch = z.infer<typeof changeUserBody>;
export type UserListQuery = z.infer<typeof userListQuery>;
export type TokenAnswer = z.infer<typeof tokenSchema>;
