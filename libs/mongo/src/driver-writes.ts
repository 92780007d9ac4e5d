import { createRequire } from 'node:module';

/** As much of the driver's connection as is used here. */
interface DriverConnection {
  /** Why the connection has ended. */
  error: Error | null;
  once(event: 'close', listener: () => void): void;
  off(event: 'close', listener: () => void): void;
}

type WriteCommand = (this: DriverConnection, ...args: unknown[]) => Promise<void>;

/**
 * Lets a write of the MongoDB driver fail when its connection ends. The driver (7.8 and 7.9) waits for `drain` on a socket
 * that its peer has closed just before, which never comes, and no timeout runs on a destroyed socket: an operation, a
 * new connection of the pool or the monitor of the server then hangs for ever, and with the monitor the whole client.
 * A proxy in front of a database that restarts is enough. `driver-writes.test.ts` fails where a driver's inner shape
 * has changed, and passes without this once the driver does it by itself.
 */
export function letDriverWritesFail(): void {
  const mongooses = createRequire(createRequire(import.meta.url).resolve('mongoose'));
  const driver = mongooses('mongodb/lib/cmap/connection.js') as {
    Connection: { prototype: { writeCommand: WriteCommand } };
  };
  const { prototype } = driver.Connection;
  const write = prototype.writeCommand;
  prototype.writeCommand = function (...args) {
    return untilClosed(this, write.apply(this, args));
  };
}

function untilClosed(connection: DriverConnection, writing: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => {
      reject(connection.error ?? new Error('the connection to the database was closed'));
    };
    connection.once('close', onClose);
    writing.then(resolve, reject).finally(() => {
      connection.off('close', onClose);
    });
  });
}
