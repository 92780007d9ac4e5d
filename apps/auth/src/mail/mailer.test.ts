import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '@pipedesk/service-kit';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLetters } from './letters.ts';
import { createMailer, folderTransport, logTransport, smtpTransport } from './mailer.ts';

const folder = mkdtempSync(join(tmpdir(), 'pipedesk-mails-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const mail = { to: 'ada@example.com', subject: 'Hello', text: 'The text' };
const log = createLogger('test', 'silent');

/** Says what an SMTP server says (RFC 5321) and keeps what it is told. */
async function startSmtp(): Promise<{ url: string; told: () => string; close: () => void }> {
  let told = '';
  const answer = (socket: Socket, line: string) => {
    told += `${line}\n`;
    if (/^(EHLO|HELO|MAIL|RCPT|\.$)/.test(line)) socket.write('250 fine\r\n');
    else if (line === 'DATA') socket.write('354 go on\r\n');
    else if (line === 'QUIT') socket.end('221 bye\r\n');
  };
  const server = createServer((socket) => {
    socket.write('220 test\r\n');
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\r\n').filter(Boolean)) answer(socket, line);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { url: `smtp://127.0.0.1:${port}`, told: () => told, close: () => server.close() };
}

describe('mails', () => {
  it('go to the mail server', async () => {
    const smtp = await startSmtp();
    await smtpTransport(smtp.url, 'PipeDesk <no-reply@example.com>')(mail);
    smtp.close();
    expect(smtp.told()).toContain('MAIL FROM:<no-reply@example.com>');
    expect(smtp.told()).toContain('RCPT TO:<ada@example.com>');
    expect(smtp.told()).toContain('The text');
  });

  it('go into a folder, a file each', async () => {
    await folderTransport(folder, 'us')(mail);
    const [name = ''] = readdirSync(folder);
    expect(readFileSync(join(folder, name), 'utf8')).toBe(
      'From: us\nTo: ada@example.com\nSubject: Hello\n\nThe text\n',
    );
  });

  it('show their links in the log of development and not in that of production', async () => {
    const [info, warn] = [jest.spyOn(log, 'info'), jest.spyOn(log, 'warn')];
    const letter = createLetters('https://app').passwordReset('ada@example.com', 'secret-token');
    await logTransport(log, true)(letter);
    expect(JSON.stringify(info.mock.calls)).toContain('secret-token');
    await logTransport(log, false)(letter);
    expect(JSON.stringify(warn.mock.calls)).not.toContain('secret-token');
  });

  it('that cannot be sent fail nobody', async () => {
    const error = jest.spyOn(log, 'error');
    const mailer = createMailer(() => Promise.reject(new Error('the server is away')), log);
    mailer.send(mail);
    await mailer.settled();
    expect(error).toHaveBeenCalledTimes(1);
  });
});
