/** Largest message in either direction, and what `hello` reports as `maxMessageSizeBytes`. */
export const MAX_MESSAGE_BYTES = 48_000_000;
export const HEADER_BYTES = 16;

export class BadFrame extends Error {}

/** Cuts the byte stream of one connection into messages. */
export interface FrameReader {
  /**
   * Takes the next chunk and returns the messages it completes.
   * @throws BadFrame when the next message's length cannot be one (garbage, or over the limit)
   */
  push(chunk: Buffer): Buffer[];
}

/** A reader for one connection. Chunks of a large message are kept apart until it is whole: no copy grows with the square of its size. */
export function createFrameReader(): FrameReader {
  let chunks: Buffer[] = [];
  let held = 0;
  let needed = 0;

  const join = () => {
    const all = chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks, held);
    chunks = all.length > 0 ? [all] : [];
    return all;
  };
  const takeOne = (): Buffer | undefined => {
    if (held < 4 || held < needed) return undefined;
    const all = join();
    needed = frameLength(all);
    if (held < needed) return undefined;
    const frame = all.subarray(0, needed);
    chunks = held > needed ? [all.subarray(needed)] : [];
    held -= needed;
    needed = 0;
    return frame;
  };

  return {
    push(chunk) {
      chunks.push(chunk);
      held += chunk.length;
      const frames: Buffer[] = [];
      for (let frame = takeOne(); frame; frame = takeOne()) frames.push(frame);
      return frames;
    },
  };
}

function frameLength(bytes: Buffer): number {
  const length = bytes.readInt32LE(0);
  if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) throw new BadFrame(`message length ${length}`);
  return length;
}
