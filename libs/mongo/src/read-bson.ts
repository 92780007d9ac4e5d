import { mongo } from 'mongoose';
import { createBsonNames } from './bson-names.ts';

/** What is left to the library: types and names that records do not have, and whatever is no sound BSON. */
class LeftToLibrary extends Error {}

const type = { double: 1, text: 2, object: 3, array: 4, boolean: 8, date: 9, null: 10, int: 16, long: 18 };
const lengthBytes = 4;
/** ASCII, and nothing that the library treats in a way of its own. */
const nameAt = createBsonNames((name) => /^(?!\$|__proto__$)[\x01-\x7f]*$/.test(name));
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A document as the driver would give it (`find(…, { raw: true })` gives the bytes), in half of the time: names, of which
 * records have the same few hundred, are not made anew each time, and texts are slices of one.
 * https://bsonspec.org/spec.html
 * @throws BSONError as the driver's library does, for what is no BSON
 */
export function readBson<T>(bytes: Uint8Array): T {
  try {
    return new Reader(bytes).document() as T;
  } catch {
    // Whatever it was, a stray offset too: the library knows what to make of it, or what to say.
    return mongo.BSON.deserialize(bytes) as T;
  }
}

class Reader {
  readonly #bytes: Buffer;
  readonly #text: string;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#text = this.#bytes.toString('latin1');
  }

  document(): Record<string, unknown> {
    const members = this.#object();
    if (this.#at !== this.#bytes.length) throw new LeftToLibrary();
    return members;
  }

  #object(): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    const end = this.#endOfMembers();
    while (this.#at < end) {
      const kind = this.#byte();
      const name = nameAt(this.#bytes, this.#at) ?? leave();
      this.#at += name.length + 1;
      members[name] = this.#value(kind);
    }
    this.#close(end);
    return members;
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    const end = this.#endOfMembers();
    while (this.#at < end) {
      const kind = this.#byte();
      // Their names are their places.
      this.#at = this.#bytes.indexOf(0, this.#at) + 1 || leave();
      items.push(this.#value(kind));
    }
    this.#close(end);
    return items;
  }

  #value(kind: number): unknown {
    switch (kind) {
      case type.text:
        return this.#string();
      case type.int:
        return this.#int();
      case type.null:
        return null;
      case type.object:
        return this.#object();
      case type.array:
        return this.#array();
      case type.date:
        return new Date(this.#long());
      case type.boolean:
        return this.#boolean();
      case type.double:
        this.#at += 8;
        return this.#bytes.readDoubleLE(this.#at - 8);
      case type.long: {
        const long = this.#long();
        return Number.isSafeInteger(long) ? long : leave();
      }
      default:
        return leave();
    }
  }

  #string(): string {
    const start = this.#at + lengthBytes;
    const end = start + this.#int() - 1;
    if (end < start || this.#bytes[end] !== 0) throw new LeftToLibrary();
    this.#at = end + 1;
    for (let at = start; at < end; at++)
      if ((this.#bytes[at] ?? 0) > 0x7f) return utf8.decode(this.#bytes.subarray(start, end));
    return this.#text.substring(start, end);
  }

  #boolean(): boolean {
    const byte = this.#byte();
    return byte > 1 ? leave() : byte === 1;
  }

  #long(): number {
    const low = this.#bytes.readUInt32LE(this.#at);
    const high = this.#bytes.readInt32LE(this.#at + 4);
    this.#at += 8;
    return high * 2 ** 32 + low;
  }

  #int(): number {
    this.#at += 4;
    return this.#bytes.readInt32LE(this.#at - 4);
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? leave();
  }

  /** Where the members of what begins here end. */
  #endOfMembers(): number {
    return this.#at + this.#int() - 1;
  }

  #close(end: number): void {
    if (this.#at !== end || this.#byte() !== 0) throw new LeftToLibrary();
  }
}

function leave(): never {
  throw new LeftToLibrary();
}
