import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the tests look into by name; the rest is compared whole. */
export interface ReceivedEvent {
  metadata: { uid: string; sequence: number; tenant_uid: string };
  [name: string]: unknown;
}

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  events: ReceivedEvent[];
}

/** A SIEM's end of a webhook: keeps what comes and answers what it is told to. */
export interface Receiver {
  host: string;
  url: string;
  received: Received[];
  /** Status of the answers from now on, and their headers. */
  answers(status: number, headers?: Record<string, string>): void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let answer: { status: number; headers: Record<string, string> } = { status: 204, headers: {} };
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => (body += chunk.toString()));
    req.on('end', () => {
      const events = body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as ReceivedEvent);
      received.push({ headers: req.headers, body, events });
      res.writeHead(answer.status, answer.headers).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}/audit`,
    received,
    answers: (status, headers = {}) => {
      answer = { status, headers };
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

/** As a receiver checks it, by the specification alone. */
export function isSigned({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}
