import type { Logger } from '@pipedesk/service-kit';
import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** Hands a mail over. @throws Error when it cannot be handed over */
export type SendMail = (mail: Mail) => Promise<void>;

export interface Mailer {
  /** Sends behind the caller's back: how long it takes and whether it works tells nobody who has an account. */
  send(mail: Mail): void;
  /** Resolves when what was to be sent is sent or given up. */
  settled(): Promise<void>;
}

/** A mail server that hesitates must not keep a mail in memory for ever, ms. */
const timeout = 20_000;

/** Through an SMTP server. @param url e.g. `smtps://user:password@mail.example.com` */
export function smtpTransport(url: string, from: string): SendMail {
  const transport = createTransport({
    url,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
  });
  return async (mail) => {
    await transport.sendMail({ from, ...mail });
  };
}

/** Into a folder, a file a mail: for development and tests. */
export function folderTransport(folder: string, from: string): SendMail {
  return async ({ to, subject, text }) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const name = join(folder, `${Date.now()}-${randomUUID().slice(0, 8)}.txt`);
    await writeFile(`${name}.part`, `From: ${from}\nTo: ${to}\nSubject: ${subject}\n\n${text}\n`, {
      mode: 0o600,
    });
    await rename(`${name}.part`, name);
  };
}

/** Into the log. @param showText false where links in a log could be used by whoever reads it */
export function logTransport(log: Logger, showText: boolean): SendMail {
  return ({ to, subject, text }) => {
    if (showText) log.info({ to, subject, text }, 'mail');
    else log.warn({ subject }, 'mail not sent: SMTP_URL is not set');
    return Promise.resolve();
  };
}

export function createMailer(transport: SendMail, log: Logger): Mailer {
  const sending = new Set<Promise<void>>();
  return {
    send: (mail) => {
      const sent: Promise<void> = transport(mail)
        .catch((error: unknown) => {
          log.error({ err: error, subject: mail.subject }, 'a mail could not be sent');
        })
        .finally(() => sending.delete(sent));
      sending.add(sent);
    },
    settled: async () => {
      await Promise.all(sending);
    },
  };
}
