import { createServer, connect as connectTcp, type Socket } from 'node:net';

/** A TCP door in front of the broker that can go silent: connections stay open and nothing passes any more. */
export interface FaultProxy {
  url: string;
  /** Connections accepted so far. */
  accepted(): number;
  fallSilent(): void;
  speakAgain(): void;
  close(): Promise<void>;
}

/** @param url the broker behind; without one the proxy accepts and never says a word */
export async function startFaultProxy(url?: string): Promise<FaultProxy> {
  const target = new URL(url ?? 'amqp://127.0.0.1');
  const broker = { host: target.hostname, port: Number(target.port || 5672) };
  const sockets = new Set<Socket>();
  let accepted = 0;
  let isSilent = url === undefined;

  function keep(socket: Socket): Socket {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    return socket;
  }
  function pass(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (!isSilent) to.write(bytes);
    });
    from.on('close', () => to.destroy());
  }

  const server = createServer((client) => {
    accepted++;
    keep(client);
    if (isSilent) return;
    const behind = keep(connectTcp(broker));
    pass(client, behind);
    pass(behind, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  target.hostname = '127.0.0.1';
  target.port = String(address.port);
  return {
    url: target.href,
    accepted: () => accepted,
    fallSilent: () => (isSilent = true),
    speakAgain: () => (isSilent = false),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
