/** Levels. Far deeper than any contract of ours; far below where recursion over a parsed body could end in a stack overflow. */
const deepest = 64;

const [quote, backslash] = [0x22, 0x5c];
const [openArray, openObject] = [0x5b, 0x7b];
const [closeArray, closeObject] = [0x5d, 0x7d];

/**
 * True when the JSON nests deeper than `limit`. Looks at each byte once and stops at the first that is too deep; text
 * that is no JSON may answer either way, since the parser refuses it.
 */
export function isDeeperThan(json: Uint8Array, limit: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < json.length; index++) {
    const byte = json[index];
    if (isInString) {
      // Bytes of multi-byte characters are all above 0x7f: none is mistaken for a quote.
      if (byte === backslash) index++;
      else if (byte === quote) isInString = false;
    } else if (byte === quote) isInString = true;
    else if (byte === openArray || byte === openObject) {
      if (++depth > limit) return true;
    } else if (byte === closeArray || byte === closeObject) depth--;
  }
  return false;
}

/**
 * A `verify` function of body-parser. JSON is UTF-8 (RFC 8259 section 8.1); the parser would take UTF-16 too, in which
 * quotes can be hidden from whoever looks at bytes.
 * @throws Error of a type that the problem handler knows
 */
export function refuseDeepJson(_req: unknown, _res: unknown, body: Uint8Array, encoding: string): void {
  if (encoding !== 'utf-8') throw Object.assign(new Error(encoding), { type: 'charset.unsupported' });
  if (isDeeperThan(body, deepest)) throw Object.assign(new Error('too deep'), { type: 'json.too.deep' });
}
