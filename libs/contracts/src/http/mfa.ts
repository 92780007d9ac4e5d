import { z } from 'zod';

/** Six digits of an authenticator app, or a recovery code; blanks and dashes are for the eye. */
const codeSchema = z
  .string()
  .max(40)
  .transform((text) => text.replaceAll(/[\s-]/g, '').toUpperCase())
  .pipe(z.string().regex(/^(\d{6}|[A-Z2-7]{16})$/, 'must be six digits or a recovery code'));

export const startSecondFactorBody = z.strictObject({ password: z.string().min(1).max(200) });

/** `uri` is what an authenticator app reads from a QR code. */
export const secondFactorSecretSchema = z.object({ secret: z.string(), uri: z.string() });

export const confirmSecondFactorBody = z.strictObject({ code: codeSchema });

/** Shown once; each works once. */
export const recoveryCodesSchema = z.object({ recoveryCodes: z.array(z.string()) });

/** The password was right and a second factor is wanted: `POST /auth/login/mfa` within `expiresIn` seconds. */
export const secondFactorWantedSchema = z.object({
  secondFactorRequired: z.literal(true),
  challenge: z.string(),
  expiresIn: z.int(),
});

export type SecondFactorWanted = z.infer<typeof secondFactorWantedSchema>;

export const secondStepBody = z.strictObject({ challenge: z.string().min(1).max(200), code: codeSchema });
export type SecondStep = z.infer<typeof secondStepBody>;

export const stepUpBody = z.strictObject({
  password: z.string().min(1).max(200),
  /** Wanted from whoever has a second factor. */
  code: codeSchema.optional(),
});
export type StepUp = z.infer<typeof stepUpBody>;

/** An access token without a refresh token; `expiresIn` is in seconds. */
export const accessTokenSchema = z.object({
  accessToken: z.string(),
  tokenType: z.literal('Bearer'),
  expiresIn: z.int(),
});
export type AccessTokenAnswer = z.infer<typeof accessTokenSchema>;
