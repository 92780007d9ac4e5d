import { z } from 'zod';
import { roleSchema } from '../access/roles.ts';
import { idSchema, timeSchema } from '../ids.ts';
import { emailSchema, lineSchema } from '../text.ts';
import { passwordSchema } from './auth.ts';
import { pageOf, pageQuery } from './paging.ts';
import { mailedTokenSchema } from './passwords.ts';
import { recordFields } from './record.ts';

export const invitationSchema = z.object({
  ...recordFields,
  email: z.string(),
  role: roleSchema,
  teamId: idSchema.nullable(),
  /** Who invited. */
  ownerId: idSchema,
  status: z.enum(['open', 'accepted', 'withdrawn']),
  expiresAt: timeSchema,
});
export type Invitation = z.infer<typeof invitationSchema>;

/** A manager's invitations are to their own team, so they need not name it. */
export const createInvitationBody = z.strictObject({
  email: emailSchema,
  role: roleSchema,
  teamId: idSchema.nullable().optional(),
});
export type NewInvitation = z.infer<typeof createInvitationBody>;

export const invitationListQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(['open', 'accepted', 'withdrawn']).optional(),
});
export type InvitationListQuery = z.infer<typeof invitationListQuery>;
export const invitationPage = pageOf(invitationSchema);

export const acceptInvitationBody = z.strictObject({
  token: mailedTokenSchema,
  name: lineSchema(120),
  password: passwordSchema,
});
export type InvitationAcceptance = z.infer<typeof acceptInvitationBody>;
