import { connect } from 'node:net';

/** What a server must say to a first request before it counts as ready. */
interface Greeting {
  host: string;
  port: number;
  send: Buffer;
  accepts: (received: Buffer) => boolean;
}

/** True when an AMQP 0-9-1 broker answers the protocol header with `connection.start`, not merely accepts the socket. */
export function answersAmqp(host: string, port: number): Promise<boolean> {
  return greet({
    host,
    port,
    send: Buffer.from('AMQP\0\0\x09\x01', 'latin1'),
    // Frame type 1 (method) on channel 0, class 10 (connection), method 10 (start).
    accepts: (bytes) =>
      bytes.length >= 11 && bytes[0] === 1 && bytes.readUInt16BE(7) === 10 && bytes.readUInt16BE(9) === 10,
  });
}

/**
 * True when a MongoDB server answers a command with `ok: 1`.
 * @param command `hello` asks only the listener; `listDatabases` makes the gateway ask its database
 */
export function answersMongo(
  host: string,
  port: number,
  command: 'hello' | 'listDatabases',
): Promise<boolean> {
  return greet({
    host,
    port,
    send: encodeCommand(command),
    accepts: (bytes) => {
      const at = bytes.indexOf('\x01ok\0', 0, 'latin1');
      return at > 0 && bytes.length >= at + 12 && bytes.readDoubleLE(at + 4) === 1;
    },
  });
}

/** One OP_MSG `{ <command>: 1, $db: "admin" }`, by hand so that a readiness probe needs no driver. */
function encodeCommand(command: string): Buffer {
  const one = Buffer.from([1, 0, 0, 0]);
  const fields = Buffer.concat([
    Buffer.from(`\x10${command}\0`, 'latin1'),
    one,
    Buffer.from('\x02$db\0\x06\0\0\0admin\0', 'latin1'),
  ]);
  const document = Buffer.concat([int32(fields.length + 5), fields, Buffer.from([0])]);
  const body = Buffer.concat([int32(0), Buffer.from([0]), document]);
  return Buffer.concat([int32(body.length + 16), int32(1), int32(0), int32(2013), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function greet({ host, port, send, accepts }: Greeting): Promise<boolean> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = connect({ host, port });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => settle(false));
    socket.once('connect', () => socket.write(send));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (accepts(received)) settle(true);
    });
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}
