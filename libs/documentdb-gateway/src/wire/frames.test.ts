import { describe, expect, it } from '@jest/globals';
import { BadFrame, createFrameReader, MAX_MESSAGE_BYTES } from './frames.ts';

const frame = (length: number, fill = 1) => {
  const bytes = Buffer.alloc(length, fill);
  bytes.writeInt32LE(length, 0);
  return bytes;
};

describe('cutting a stream into messages', () => {
  it('gives back the messages however they are chunked', () => {
    const messages = [frame(16, 1), frame(40, 2), frame(17, 3)];
    const stream = Buffer.concat(messages);
    for (const size of [1, 3, 16, 50, stream.length]) {
      const reader = createFrameReader();
      const found: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size)
        found.push(...reader.push(stream.subarray(at, at + size)));
      expect(found).toEqual(messages);
    }
  });

  it('takes the largest message and refuses one byte more as soon as it sees the length', () => {
    const length = (value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value);
      return bytes;
    };
    expect(createFrameReader().push(length(MAX_MESSAGE_BYTES))).toEqual([]);
    for (const value of [MAX_MESSAGE_BYTES + 1, 15, 0, -1]) {
      expect(() => createFrameReader().push(length(value))).toThrow(BadFrame);
    }
  });
});
