import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** How long requests took, ms, in ascending order, over how many seconds. */
export interface Load {
  times: number[];
  seconds: number;
}

export const rateOf = ({ times, seconds }: Load) => times.length / seconds;
export const quantileOf = ({ times }: Load, share: number) => times[Math.floor(times.length * share)] ?? 0;

/**
 * Keeps so many connections busy with one request, each as soon as its answer is there. Over plain sockets: a client
 * library would cost more than the proxies that are measured.
 * @throws Error when an answer is not 200
 */
export async function load(port: number, head: string, connections: number, seconds: number): Promise<Load> {
  const bytes = Buffer.from(`${head}\r\n\r\n`);
  const times: number[] = [];
  const began = performance.now();
  const end = began + seconds * 1000;
  const clients = Array.from({ length: connections }, async () => {
    const socket = connect(port, '127.0.0.1').setNoDelay();
    await once(socket, 'connect');
    while (performance.now() < end) times.push(await ask(socket, bytes));
    socket.destroy();
  });
  await Promise.all(clients);
  return { times: times.sort((a, b) => a - b), seconds: (performance.now() - began) / 1000 };
}

function ask(socket: Socket, bytes: Buffer): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const started = performance.now();
  let received = 0;
  let expected = Infinity;
  let head = '';
  const onData = (chunk: Buffer) => {
    received += chunk.length;
    if (expected === Infinity) {
      head += chunk.toString('latin1');
      expected = lengthOf(head);
    }
    if (received < expected) return;
    socket.off('data', onData).off('close', onClose);
    if (head.startsWith('HTTP/1.1 200 ')) resolve(performance.now() - started);
    else reject(new Error(`answered: ${head.slice(0, 300)}`));
  };
  const onClose = () => {
    reject(new Error(`closed after: ${head.slice(0, 300)}`));
  };
  socket.on('data', onData).once('close', onClose);
  socket.write(bytes);
  return promise;
}

/** Bytes of the whole answer; Infinity while its head is not complete. */
function lengthOf(text: string): number {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return Infinity;
  const length = /^content-length: (\d+)\r?$/im.exec(text.slice(0, end + 2))?.[1];
  return end + 4 + Number(length ?? 0);
}

/** A service that answers every request without a body with the same JSON, as cheaply as it can be done. */
export async function startUpstream(): Promise<{ port: number; stop: () => void }> {
  const body = JSON.stringify({
    items: Array.from({ length: 20 }, (_, id) => ({ id, name: 'Forty seats' })),
  });
  const answer = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    let tail = '';
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      const parts = (tail + chunk.toString('latin1')).split('\r\n\r\n');
      tail = parts.pop() ?? '';
      for (let request = 0; request < parts.length; request++) socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
