import { describe, expect, it } from '@jest/globals';
import { binaryRows } from './binary-rows.ts';

const bytea = 17;
const bool = 16;
const text = 25;

function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + body.length);
  return Buffer.concat([Buffer.from(type), length, body]);
}

function row(...values: (Buffer | null)[]): Buffer {
  const columns = values.map((value) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value?.length ?? -1);
    return Buffer.concat([length, value ?? Buffer.alloc(0)]);
  });
  return message('D', Buffer.concat([Buffer.from([0, values.length]), ...columns]));
}

/** The texts of the columns of a row message. */
function columnsOf(bytes: Buffer): (string | null)[] {
  const columns: (string | null)[] = [];
  let at = 7;
  for (let column = 0; column < bytes.readInt16BE(5); column++) {
    const length = bytes.readInt32BE(at);
    columns.push(length < 0 ? null : bytes.toString('latin1', at + 4, at + 4 + length));
    at += 4 + Math.max(length, 0);
  }
  expect(at).toBe(bytes.length);
  expect(bytes.readInt32BE(1)).toBe(bytes.length - 1);
  return columns;
}

function passedOn(bytes: Buffer, chunkSize: number): Buffer {
  const socket = binaryRows.stream();
  for (let at = 0; at < bytes.length; at += chunkSize) socket.push(bytes.subarray(at, at + chunkSize));
  return socket.read() as Buffer;
}

const parse = (oid: number, token: string | null | undefined) =>
  binaryRows.types.getTypeParser(oid, 'binary')(token ?? '');

describe('rows of binary values', () => {
  const document = Buffer.from([...Array(256).keys()]);
  const before = message('T', Buffer.from('a description'));
  const after = message('C', Buffer.from('SELECT 1\0'));
  const stream = Buffer.concat([before, row(document, null, Buffer.from('4711'), Buffer.alloc(0)), after]);

  it.each([1, 2, 3, 5, 7, 64, 1_000])(
    'come whole out of chunks of %i bytes, and other messages as they are',
    (size) => {
      const passed = passedOn(stream, size);
      expect(passed.subarray(0, before.length)).toEqual(before);
      expect(passed.subarray(passed.length - after.length)).toEqual(after);
      const [first, second, third, fourth] = columnsOf(
        passed.subarray(before.length, passed.length - after.length),
      );
      expect(second).toBeNull();
      expect(parse(bytea, first)).toEqual(document);
      expect(parse(text, third)).toBe('4711');
      expect(parse(bytea, fourth)).toEqual(Buffer.alloc(0));
    },
  );

  it('are given once, and only if they came from the server', () => {
    const [token] = columnsOf(passedOn(row(Buffer.from([1])), 100));
    expect(parse(bool, token)).toBe(true);
    expect(() => parse(bool, token)).toThrow('did not come from PostgreSQL');
    expect(() => parse(bytea, '1:4711')).toThrow('did not come from PostgreSQL');
  });

  it('are forgotten with their connection', async () => {
    const socket = binaryRows.stream();
    socket.push(row(document));
    const [token] = columnsOf(socket.read() as Buffer);
    await new Promise<void>((resolve) => socket.once('close', () => resolve()).destroy());
    expect(() => parse(bytea, token)).toThrow('did not come from PostgreSQL');
  });
});
