import { Socket } from 'node:net';
import pg from 'pg';

const { types } = pg;
const { BYTEA, BOOL, JSON: JSON_TYPE } = types.builtins;

/**
 * node-postgres asks for binary results and then reads every value as UTF-8, which no BSON survives; as text, BSON comes in
 * hexadecimal: twice the bytes, written, read, and decoded again, for half of what a large reply costs. So the values of a row are
 * taken out before the library sees them and tokens put in their place, for which its type parsers give them back.
 */
const values = new Map<string, Map<string, Buffer>>();
let sockets = 0;

/** What a connection takes to get its values as they are. */
export const binaryRows = {
  binary: true,
  stream: (): Socket => new RowSocket(),
  types: {
    getTypeParser: (oid: number, format?: string) => {
      const parse = format === 'binary' ? parserOf(oid) : textParserOf(oid);
      return (token: string) => parse(take(token));
    },
  },
} as const;

/** Everything else that statements give is text. */
function parserOf(oid: number): (value: Buffer) => unknown {
  if (oid === (BYTEA as number)) return (value) => value;
  if (oid === (BOOL as number)) return (value) => value[0] === 1;
  if (oid === (JSON_TYPE as number)) return (value) => JSON.parse(value.toString()) as unknown;
  return (value) => value.toString();
}

function textParserOf(oid: number): (value: Buffer) => unknown {
  const parse = types.getTypeParser(oid, 'text') as (text: string) => unknown;
  return (value) => parse(value.toString());
}

function take(token: string): Buffer {
  const ofSocket = values.get(token.slice(0, token.indexOf(':')));
  const value = ofSocket?.get(token);
  if (!value) throw new Error('a row has a value that did not come from PostgreSQL');
  ofSocket?.delete(token);
  return value;
}

const dataRow = 'D'.charCodeAt(0);
/** Type and length. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const headerBytes = 5;

class RowSocket extends Socket {
  readonly #id = String(++sockets);
  readonly #values = new Map<string, Buffer>();
  #taken = 0;
  /** What has come of the message that is not whole yet. */
  #chunks: Buffer[] = [];
  #held = 0;
  /** How much must have come before it is worth looking again. */
  #needed = headerBytes;

  constructor() {
    super();
    values.set(this.#id, this.#values);
    this.once('close', () => values.delete(this.#id));
  }

  /** Takes what the connection has read. Whole messages alone are passed on. */
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (!Buffer.isBuffer(chunk)) return super.push(chunk, encoding);
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#needed) return true;
    const passed = this.#wholeMessages();
    return passed.length === 0 || super.push(passed.length === 1 ? passed[0] : Buffer.concat(passed));
  }

  #wholeMessages(): Buffer[] {
    const [only, ...others] = this.#chunks;
    const all = only && others.length === 0 ? only : Buffer.concat(this.#chunks, this.#held);
    const passed: Buffer[] = [];
    let at = 0;
    this.#needed = headerBytes;
    while (all.length - at >= headerBytes) {
      const length = 1 + all.readInt32BE(at + 1);
      if (all.length - at < length) {
        this.#needed = length;
        break;
      }
      const message = all.subarray(at, at + length);
      passed.push(message[0] === dataRow ? this.#withTokens(message) : message);
      at += length;
    }
    this.#chunks = at < all.length ? [all.subarray(at)] : [];
    this.#held = all.length - at;
    return passed;
  }

  #withTokens(message: Buffer): Buffer {
    const columns = message.readInt16BE(headerBytes);
    const parts: Buffer[] = [];
    let at = headerBytes + 2;
    for (let column = 0; column < columns; column++) {
      const length = message.readInt32BE(at);
      at += 4;
      parts.push(length < 0 ? nullColumn : columnOf(this.#keep(message.subarray(at, at + length))));
      at += Math.max(length, 0);
    }
    const body = Buffer.concat(parts);
    const head = Buffer.from(message.subarray(0, headerBytes + 2));
    head.writeInt32BE(head.length - 1 + body.length, 1);
    return Buffer.concat([head, body]);
  }

  #keep(value: Buffer): string {
    const token = `${this.#id}:${++this.#taken}`;
    this.#values.set(token, value);
    return token;
  }
}

const nullColumn = Buffer.from([255, 255, 255, 255]);

function columnOf(text: string): Buffer {
  const column = Buffer.alloc(4 + text.length);
  column.writeInt32BE(text.length);
  column.write(text, 4, 'latin1');
  return column;
}
