import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A wire to a server that can be cut, or go silent as a frozen server does, without anybody else noticing. */
export interface TcpProxy {
  port: number;
  /** Connections accepted so far. */
  accepted(): number;
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Ends every connection, with a reset, but accepts new ones. */
  reset(): void;
  /** Ends every connection after half of the next piece that the client sends on it. */
  cutMidFrame(): void;
  /** Passes nothing on any more, in either direction; connections stay. */
  freeze(): void;
  /** Undoes `cut`, `cutMidFrame` or `freeze`. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let isFrozen = false;
  let isCutting = false;

  function pass(from: Socket, to: Socket, isClient: boolean): void {
    sockets.add(from);
    from.on('error', () => undefined);
    from.on('data', (part) => {
      to.write(isCutting && isClient ? part.subarray(0, part.length / 2) : part);
      if (isCutting && isClient) from.destroySoon();
    });
    from.on('close', () => {
      sockets.delete(from);
      to.destroySoon();
    });
    if (isFrozen) from.pause();
  }

  const server = createServer((inbound) => {
    accepted++;
    const outbound = connect(target.port, target.host);
    pass(inbound, outbound, true);
    pass(outbound, inbound, false);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo;

  const cut = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    port,
    accepted: () => accepted,
    cut,
    reset: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    cutMidFrame: () => (isCutting = true),
    freeze: () => {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    heal: async () => {
      isFrozen = false;
      isCutting = false;
      for (const socket of sockets) socket.resume();
      if (!server.listening) await listen(port);
    },
    close: () => (server.listening ? cut() : Promise.resolve()),
  };
}
