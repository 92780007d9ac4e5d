import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A real HTTP server in a service's place. */
export interface Upstream {
  url: string;
  server: Server;
  /** Replaces what it answers; it echoes unless told. */
  answer(listener: RequestListener): void;
  /** Every request it has seen. */
  requests: IncomingMessage[];
  /** Its side of the connections that are open. */
  sockets: Set<Socket>;
  stop(): Promise<void>;
}

/** What the echoing server answers: the request as it arrived. */
export interface Echo {
  service: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  rawHeaders: string[];
  body: string;
}

export async function startUpstream(service: string): Promise<Upstream> {
  let listener = echo(service);
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((req, res) => {
    requests.push(req);
    listener(req, res);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    answer: (replacement) => void (listener = replacement),
    requests,
    sockets,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function echo(service: string): RequestListener {
  return (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const { method, url, headers, rawHeaders } = req;
      res.setHeader('content-type', 'application/json');
      res.end(
        JSON.stringify({ service, method, url, headers, rawHeaders, body: Buffer.concat(chunks).toString() }),
      );
    });
  };
}

/** Answers every request with this JSON. */
export function json(body: unknown, status = 200): RequestListener {
  return (_req, res) => {
    res.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
    res.end(JSON.stringify(body));
  };
}

/** Answers every request with a problem of this status. */
export function refuse(status: number, code = `c${status}`): RequestListener {
  return json({ type: 'about:blank', title: '', status, detail: code, code }, status);
}
