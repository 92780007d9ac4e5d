import { z } from 'zod';

/** SHA-256 in base64url of a secret that the page keeps, as PKCE has it (RFC 7636 section 4.2). */
export const signInChallengeSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, 'must be a SHA-256 in base64url');

/** What a page got from a sign-in with Google, and the secret that shows it is the page that began it. */
export const googleSessionBody = z.strictObject({
  code: z.string().min(1).max(1_000),
  verifier: z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/, 'must be 43 to 128 unreserved characters'),
});
export type GoogleSession = z.infer<typeof googleSessionBody>;
