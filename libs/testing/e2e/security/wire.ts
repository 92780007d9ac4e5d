import type { ServiceName } from '@pipedesk/local';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { System } from '../../src/index.ts';

/** A port of the system that answers HTTP. */
export type Door = ServiceName;

export interface Sent {
  method?: string;
  path: string;
  token?: string | undefined;
  headers?: Record<string, string>;
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** Whatever JSON it was: tests look into answers of every shape. */
  body: ReturnType<typeof JSON.parse>;
}

/** Called with every answer and the token it was given for. */
export type Watch = (token: string | undefined, what: string, text: string) => void;

export interface Wire {
  send(door: Door, sent: Sent): Promise<Answer>;
  /** Exactly these bytes, and the answer to them; `Host` is not added. */
  raw(door: Door, bytes: string, token?: string): Promise<Answer>;
  close(): void;
}

/** HTTP as an attacker would speak it: nothing is tidied up, and whatever comes back is watched. */
export function createWire(system: System, watch: Watch): Wire {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const portOf = (door: Door) => Number(new URL(system.services.urls[door]).port);
  return {
    send: async (door, sent) => {
      const answer = await exchange(agent, portOf(door), sent);
      watch(sent.token, `${door} ${sent.method ?? 'GET'} ${sent.path}`, answer.text);
      return answer;
    },
    raw: async (door, bytes, token) => {
      const answer = parse(await exchangeBytes(portOf(door), bytes));
      watch(token, `${door} ${bytes.slice(0, bytes.indexOf('\r'))}`, answer.text);
      return answer;
    },
    close: () => {
      agent.destroy();
    },
  };
}

function exchange(agent: Agent, port: number, sent: Sent): Promise<Answer> {
  const { method = 'GET', path, token, headers = {}, body } = sent;
  const payload = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const all = {
    ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
    ...(payload === undefined ? {} : { 'content-length': String(Buffer.byteLength(payload)) }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, port, host: '127.0.0.1', method, path, headers: all }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: parseJson(text) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Everything that comes until the other side, asked to close, has closed. */
function exchangeBytes(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)));
    socket.on('close', () => {
      resolve(text);
    });
    socket.write(bytes, 'latin1');
  });
}

function parse(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
  const body = text.slice(end + 4);
  return { status: Number(first.split(' ')[1] ?? 0), headers, text: body, body: parseJson(body) };
}
