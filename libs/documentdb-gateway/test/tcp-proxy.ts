import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy whose wire can be cut: what PostgreSQL going away looks like, without stopping it for anyone else. */
export interface TcpProxy {
  port: number;
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the connections in the middle of what they do, but accepts new ones. */
  drop(): void;
  close(): Promise<void>;
}

/** Forwards to a port or, for a directory, to the PostgreSQL socket inside it. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((inbound) => {
    const outbound = target.host.startsWith('/')
      ? connect(`${target.host}/.s.PGSQL.${target.port}`)
      : connect(target.port, target.host);
    for (const [from, to] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(port, '127.0.0.1', () => resolve()),
    );
  await listen(0);
  const { port } = server.address() as AddressInfo;

  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  const cut = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    drop();
    await closed;
  };
  return {
    port,
    cut,
    drop,
    resume: () => listen(port),
    close: () => (server.listening ? cut() : Promise.resolve()),
  };
}
