import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Speaks as much of Redis's protocol (RESP2) over TCP as counting together takes; what it does not know it refuses. */
export interface KeyValueServer {
  url: string;
  values: Map<string, number>;
  /** Milliseconds after which a key is to expire. */
  expiries: Map<string, number>;
  connections(): number;
  /** Cuts everybody off and listens no more. */
  stop(): Promise<void>;
}

export async function startKeyValueServer(port = 0): Promise<KeyValueServer> {
  const values = new Map<string, number>();
  const expiries = new Map<string, number>();
  const sockets = new Set<Socket>();
  const commands: Record<string, (key: string, value: string) => string> = {
    PING: () => '+PONG\r\n',
    CLIENT: () => '+OK\r\n',
    INCRBY: (key, by) => {
      values.set(key, (values.get(key) ?? 0) + Number(by));
      return `:${values.get(key)}\r\n`;
    },
    PEXPIRE: (key, ms) => {
      expiries.set(key, Number(ms));
      return values.has(key) ? ':1\r\n' : ':0\r\n';
    },
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    let pending = '';
    socket.on('data', (chunk: Buffer) => {
      const [requests, rest] = parse(pending + chunk.toString());
      pending = rest;
      for (const [name = '', key = '', value = ''] of requests)
        socket.write(commands[name.toUpperCase()]?.(key, value) ?? `-ERR unknown command '${name}'\r\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    values,
    expiries,
    connections: () => sockets.size,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whole requests, each an array of strings, and the beginning of the next. */
function parse(text: string): [requests: string[][], rest: string] {
  const requests: string[][] = [];
  let rest = text;
  for (;;) {
    const head = /^\*(\d+)\r\n/.exec(rest);
    if (!head) return [requests, rest];
    let position = head[0].length;
    const parts: string[] = [];
    for (let part = 0; part < Number(head[1]); part++) {
      const length = /^\$(\d+)\r\n/.exec(rest.slice(position));
      if (!length) return [requests, rest];
      const start = position + length[0].length;
      position = start + Number(length[1]) + 2;
      if (rest.length < position) return [requests, rest];
      parts.push(rest.slice(start, position - 2));
    }
    requests.push(parts);
    rest = rest.slice(position);
  }
}
