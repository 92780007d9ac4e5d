import type { Socket } from 'node:net';
import { execute } from './commands/dispatch.ts';
import type { Services } from './commands/command.ts';
import type { Operation } from './postgres/pool.ts';
import { createFrameReader } from './wire/frames.ts';
import { encodeReply, parseRequest } from './wire/messages.ts';

/** While this many bytes of unanswered requests wait, no more are read from the client. */
const PAUSE_ABOVE_BYTES = 1_000_000;

export interface ConnectionOptions {
  socket: Socket;
  services: Services;
  connectionId: number;
  /** Told why a connection was closed from this side. */
  onRefused: (reason: unknown) => void;
}

/**
 * Serves one client connection: requests strictly in order, one at a time, as drivers expect. Bytes that are no message close this
 * connection and nothing else. When the client goes away its running query is cancelled and its transactions are rolled back.
 */
export function serveConnection({ socket, services, connectionId, onRefused }: ConnectionOptions): void {
  const frames = createFrameReader();
  const operation: Operation = {};
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let busy = false;

  const refuse = (reason: unknown) => {
    onRefused(reason);
    waiting.length = 0;
    socket.destroy();
  };

  /** The running query is cancelled first: a rollback would wait for its end. */
  const abandon = async () => {
    await operation.cancel?.();
    await services.transactions.abortOwnedBy(operation);
  };

  const serveNext = async (frame: Buffer) => {
    const request = parseRequest(frame);
    const reply = await execute(request, services, { connectionId, operation });
    if (!request.wantsReply || socket.destroyed) return;
    socket.cork();
    const flushed = encodeReply(request, reply).map((part) => socket.write(part));
    socket.uncork();
    if (flushed.includes(false)) await drained(socket);
  };

  const serveWaiting = async () => {
    if (busy) return;
    busy = true;
    for (let frame = waiting.shift(); frame && !socket.destroyed; frame = waiting.shift()) {
      waitingBytes -= frame.length;
      await serveNext(frame);
      if (waitingBytes <= PAUSE_ABOVE_BYTES && socket.isPaused()) socket.resume();
    }
    busy = false;
  };

  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of frames.push(chunk)) {
        waiting.push(frame);
        waitingBytes += frame.length;
      }
    } catch (error) {
      refuse(error);
      return;
    }
    if (busy && waitingBytes > PAUSE_ABOVE_BYTES) socket.pause();
    serveWaiting().catch(refuse);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    services.cursors.orphan(operation);
    void abandon();
  });
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      socket.off('drain', settle);
      socket.off('close', settle);
      resolve();
    };
    socket.once('drain', settle);
    socket.once('close', settle);
  });
}
