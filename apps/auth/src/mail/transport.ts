import type { Logger } from '@pipedesk/service-kit';
import type { Config } from '../config.ts';
import { folderTransport, logTransport, type SendMail, smtpTransport } from './mailer.ts';

/** Where mails go, by configuration. */
export function mailTransport(
  {
    SMTP_URL,
    MAIL_FOLDER,
    MAIL_FROM,
    NODE_ENV,
  }: Pick<Config, 'SMTP_URL' | 'MAIL_FOLDER' | 'MAIL_FROM' | 'NODE_ENV'>,
  log: Logger,
): SendMail {
  if (SMTP_URL !== undefined) return smtpTransport(SMTP_URL, MAIL_FROM);
  if (MAIL_FOLDER !== undefined) return folderTransport(MAIL_FOLDER, MAIL_FROM);
  return logTransport(log, NODE_ENV !== 'production');
}
