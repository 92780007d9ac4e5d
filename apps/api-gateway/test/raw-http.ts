import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Sends exactly these bytes and reads the one answer; a client library would tidy attacks away. */
export async function sendRaw(port: number, bytes: string): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(5_000, () => socket.destroy(new Error('no answer in 5 s')));
  socket.write(bytes, 'latin1');
  let text = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1');
    const answer = parse(text);
    if (answer) {
      socket.destroy();
      return answer;
    }
  }
  throw new Error(`the connection ended after: ${text}`);
}

/** undefined until the answer is whole. */
function parse(text: string): RawAnswer | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
  const body = text.slice(end + 4);
  if (body.length < Number(headers['content-length'] ?? 0)) return undefined;
  if (headers['transfer-encoding'] === 'chunked' && !body.endsWith('0\r\n\r\n')) return undefined;
  return { status: Number(statusLine.split(' ')[1]), headers, body };
}

/** The bytes of a request: its first line, then its headers. */
export function rawRequest(line: string, headers: string[] = [], body = ''): string {
  return [line, 'Host: gateway', ...headers, '', body].join('\r\n');
}
