import type { Mail } from './mailer.ts';

/** Writes the mails of this service. Tokens are in the fragment of a link, which browsers send to no server. */
export interface Letters {
  passwordReset(to: string, token: string): Mail;
  passwordChanged(to: string): Mail;
  invitation(to: string, token: string, invitation: { tenant: string; inviter: string }): Mail;
}

/** @param appUrl where the pages are that the links lead to, without a slash at its end */
export function createLetters(appUrl: string): Letters {
  return {
    passwordReset: (to, token) => ({
      to,
      subject: 'Set a new password',
      text: `Somebody asked for a new password for this address. Set it within 30 minutes:

${appUrl}/reset-password#token=${token}

If it was not you, nothing has to be done.`,
    }),
    passwordChanged: (to) => ({
      to,
      subject: 'Your password was changed',
      text: `Your password was changed, and all other sessions were ended.

If it was not you, set a new one at once: ${appUrl}/reset-password`,
    }),
    invitation: (to, token, { tenant, inviter }) => ({
      to,
      subject: `Join ${tenant} on PipeDesk`,
      text: `${inviter} invites you to ${tenant}. Accept within seven days:

${appUrl}/accept-invitation#token=${token}`,
    }),
  };
}
