import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Two servers inside the network of the services: one that the operator allows webhooks to, and one that nobody does. */
export interface Siem {
  /** Allowed. Answers every request with a redirect to wherever it is told, or with 204. */
  allowed: { host: string; requests: number; redirectsTo: string | null };
  /** Forbidden. Every socket that is opened to it is a hole. */
  inside: { port: number; sockets: number };
  close(): void;
}

export async function startSiem(): Promise<Siem> {
  const allowed: Siem['allowed'] = { host: '', requests: 0, redirectsTo: null };
  const inside: Siem['inside'] = { port: 0, sockets: 0 };
  const siem = createServer((req: IncomingMessage, res: ServerResponse) => {
    allowed.requests++;
    req.resume();
    if (allowed.redirectsTo === null) res.writeHead(204).end();
    else res.writeHead(302, { location: allowed.redirectsTo }).end();
  });
  const secret = createServer((_req, res) => res.end('for nobody outside'));
  secret.on('connection', () => inside.sockets++);
  allowed.host = `127.0.0.1:${await listening(siem)}`;
  inside.port = await listening(secret);
  return {
    allowed,
    inside,
    close: () => {
      for (const server of [siem, secret]) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

function listening(server: Server): Promise<number> {
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      done((server.address() as AddressInfo).port);
    });
  });
}
