import { hash } from 'node:crypto';
import { quotedBytes } from '../format/paths.ts';
import { addCanonical, addName } from './canonical-bson.ts';
import { bsonType, type Element } from './elements.ts';
import { addAscii, addByte, addBytes, addPart, close, createText, written } from './text.ts';
import { unusual } from './unusual.ts';
import { takeBsonApart, type Value } from './values-of-bson.ts';

/** The text of the leaf, that of one commitment, and the salts in hex: each is written anew for each record. */
const [leaf, commitment, salts] = [createText(), createText(), createText()];

const [quote, comma, closeObject, closeArray] = [0x22, 0x2c, 0x7d, 0x5d];
const commitmentStart = Buffer.from('value:1:');
const beforePath = Buffer.from(':[');
const saltLength = 32;

/**
 * `hashOfRecord` for a record that is still BSON, several times as fast: it makes nothing of the record but the texts that are
 * hashed. Gives the hash that function has for the decoded record, or leaves it to it.
 * @throws unusual for a record that is to be decoded
 */
export function hashOfBson(bytes: Buffer, seq: number): Buffer {
  if (!Number.isSafeInteger(seq)) throw unusual;
  leaf.length = 0;
  addAscii(leaf, '\x00{"open":');
  const { values, salt } = takeBsonApart(leaf, bytes);
  addAscii(leaf, `,"seq":${seq},"v":1,"values":{`);
  drawSalts(bytes, salt, values.length);
  let last = '';
  let place = 0;
  for (const value of values.sort(byPath)) {
    if (value.path === last) throw unusual;
    last = value.path;
    addName(leaf, value.path);
    addByte(leaf, quote);
    addAscii(leaf, commit(bytes, value, place++));
    addByte(leaf, quote);
    addByte(leaf, comma);
  }
  close(leaf, closeObject);
  addByte(leaf, closeObject);
  return Buffer.from(hash('sha256', written(leaf), 'hex'), 'hex');
}

/** By the code units of the paths; a path that comes twice is never left to chance, it is refused. */
function byPath({ path: one }: Value, { path: other }: Value): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function commit(bytes: Buffer, { path, element }: Value, place: number): string {
  commitment.length = 0;
  addBytes(commitment, commitmentStart);
  addPart(commitment, salts.bytes, place * saltLength, saltLength);
  addBytes(commitment, beforePath);
  addBytes(commitment, quotedBytes(path));
  addByte(commitment, comma);
  addCanonical(commitment, bytes, element);
  addByte(commitment, closeArray);
  return hash('sha256', written(commitment), 'hex');
}

function drawSalts(bytes: Buffer, salt: Element | undefined, count: number): void {
  if (salt?.type !== bsonType.string || count === 0) throw unusual;
  const text = bytes.toString('latin1', salt.start + 4, salt.end);
  if (!/^[0-9a-f]{32}\0$/.test(text)) throw unusual;
  const options = { outputEncoding: 'hex', outputLength: (count * saltLength) / 2 } as const;
  salts.length = 0;
  addAscii(salts, hash('shake256', `salts:1:${text.slice(0, saltLength)}`, options));
}
