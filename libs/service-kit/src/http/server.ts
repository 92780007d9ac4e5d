import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpServer {
  port: number;
  server: Server;
  /** Stops accepting, lets running requests end, cuts whoever is still there after 10 s. */
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Longest a client may take for its headers, ms. */
  headersTimeout?: number;
  /** Longest a client may take for the whole request, ms. */
  requestTimeout?: number;
  /** Node answers HTTP/1.1 without Host with an empty 400; `false` leaves the refusal to the application. */
  requireHostHeader?: boolean;
}

/** Listens with limits on slow and large requests; port 0 takes a free one. */
export async function listen(
  app: RequestListener,
  host: string,
  port: number,
  options: ListenOptions = {},
): Promise<HttpServer> {
  const { headersTimeout = 15_000, requestTimeout = 120_000, requireHostHeader = true } = options;
  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout,
      requestTimeout,
      requireHostHeader,
      // Node looks every 30 s unless told: a slow client would have three times its time.
      connectionsCheckingInterval: Math.min(1_000, headersTimeout),
    },
    app,
  );
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, server, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) =>
    server.close(() => {
      resolve();
    }),
  );
  // A connection whose last request is answered now would otherwise stay for its keep-alive time.
  const sweep = setInterval(() => {
    server.closeIdleConnections();
  }, 50);
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, 10_000);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
