import { setTimeout as sleep } from 'node:timers/promises';
import type { Auth } from './start-auth.ts';

/** The token in the newest mail to an address. @throws Error when none comes within 10 s */
export async function mailedToken({ mails }: Pick<Auth, 'mails'>, to: string): Promise<string> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const text = mails.findLast((mail) => mail.to === to && mail.text.includes('#token='))?.text;
    const token = /#token=([\w-]+)/.exec(text ?? '')?.[1];
    if (token) return token;
    if (Date.now() > deadline) throw new Error(`no mail with a link came to ${to}`);
    await sleep(20);
  }
}
