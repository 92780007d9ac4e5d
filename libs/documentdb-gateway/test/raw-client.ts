import { connect, type Socket } from 'node:net';
import { deserialize, serialize, type Document } from 'bson';

/** A client that writes what it is told to, for what no driver would send. */
export interface RawClient {
  socket: Socket;
  send(bytes: Buffer): void;
  /** The document of the next reply. */
  reply(): Promise<Document>;
  closed: Promise<void>;
}

export async function connectRaw(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  let received = Buffer.alloc(0);
  let wake: () => void = () => undefined;
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));

  const complete = () => received.length >= 4 && received.length >= received.readInt32LE(0);
  return {
    socket,
    closed,
    send: (bytes) => void socket.write(bytes),
    async reply() {
      while (!complete()) await new Promise<void>((resolve) => (wake = resolve));
      const message = received.subarray(0, received.readInt32LE(0));
      received = received.subarray(message.length);
      return deserialize(message.subarray(message.readInt32LE(12) === 1 ? 36 : 21));
    },
  };
}

/** An OP_MSG of one body section. */
export function opMsg(command: Document, { requestId = 1, flags = 0 } = {}): Buffer {
  const head = Buffer.alloc(21);
  const body = serialize(command);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(requestId, 4);
  head.writeInt32LE(2013, 12);
  head.writeUInt32LE(flags, 16);
  return Buffer.concat([head, body]);
}

/** An OP_MSG with its documents in a sequence, as drivers send bulk writes. */
export function opMsgWithSequence(command: Document, id: string, documents: Document[]): Buffer {
  const message = opMsg(command);
  const sequence = Buffer.concat([Buffer.from(`${id}\0`), ...documents.map((one) => serialize(one))]);
  const head = Buffer.of(1, 0, 0, 0, 0);
  head.writeInt32LE(sequence.length + 4, 1);
  const whole = Buffer.concat([message, head, sequence]);
  whole.writeInt32LE(whole.length, 0);
  return whole;
}

/** An OP_QUERY, as clients older than OP_MSG say hello. */
export function opQuery(command: Document, requestId = 1): Buffer {
  const name = Buffer.from('admin.$cmd\0');
  const head = Buffer.alloc(20);
  const tail = Buffer.alloc(8);
  tail.writeInt32LE(-1, 4);
  const body = serialize(command);
  head.writeInt32LE(head.length + name.length + tail.length + body.length, 0);
  head.writeInt32LE(requestId, 4);
  head.writeInt32LE(2004, 12);
  return Buffer.concat([head, name, tail, body]);
}
