import { hash } from 'node:crypto';
import { closeArray, closeObject } from '../../bson-text/ascii.ts';
import { quoted, remembered } from '../format/paths.ts';
import { addCanonical } from './canonical-bson.ts';
import { bsonType, type Element } from '../../bson-text/elements.ts';
import { addAscii, addByte, addBytes, addPart, close, createText, written } from '../../bson-text/text.ts';
import { unusual } from '../../bson-text/unusual.ts';
import { inOrder } from './in-order.ts';
import { takeBsonApart } from './values-of-bson.ts';

/** The text of the leaf, that of one commitment, and the salts in hex: each is written anew for each record. */
const [leaf, commitment, salts] = [createText(), createText(), createText()];

/** Stands at the beginning of `commitment` for good. */
const commitmentStart = 'value:1:';
addAscii(commitment, commitmentStart);
const afterCommitment = Buffer.from('",');
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
  let place = 0;
  for (const { path, element } of inOrder(values)) {
    const { inLeaf, inCommitment } = textsOf(path);
    addBytes(leaf, inLeaf);
    addAscii(leaf, commit(bytes, element, inCommitment, place++));
    addBytes(leaf, afterCommitment);
  }
  close(leaf, closeObject);
  addByte(leaf, closeObject);
  return Buffer.from(hash('sha256', written(leaf), 'hex'), 'hex');
}

/** What stands around a path in each of the two texts. */
const textsOf = remembered((path) => ({
  inLeaf: Buffer.from(`${quoted(path)}:"`),
  inCommitment: Buffer.from(`:[${quoted(path)},`),
}));

function commit(bytes: Buffer, element: Element, path: Uint8Array, place: number): string {
  commitment.length = commitmentStart.length;
  addPart(commitment, salts.bytes, place * saltLength, saltLength);
  addBytes(commitment, path);
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
