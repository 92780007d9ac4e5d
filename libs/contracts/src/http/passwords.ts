import { z } from 'zod';
import { emailSchema } from '../text.ts';
import { passwordSchema } from './auth.ts';

/** Opaque; comes by mail. */
export const mailedTokenSchema = z.string().min(1).max(200);

export const changePasswordBody = z.strictObject({
  currentPassword: z.string().min(1).max(200),
  newPassword: passwordSchema,
});
export type PasswordChange = z.infer<typeof changePasswordBody>;

export const resetRequestBody = z.strictObject({ email: emailSchema });

export const resetPasswordBody = z.strictObject({ token: mailedTokenSchema, newPassword: passwordSchema });
export type PasswordReset = z.infer<typeof resetPasswordBody>;
