interface Name {
  text: string;
  /** The next of those with the same code. */
  next: Name | undefined;
  /** The one that came behind it last time: records of a kind have their names in the same order. */
  follower: Name | undefined;
}

const slots = 4_096;
/** Forgotten when there are more: custom fields have names of anybody's choice. */
const most = 4 * slots;

/** The name that begins at a place of a document and ends at a zero byte; undefined for one that is not allowed or has no end. */
export type BsonNames = (bytes: Uint8Array, start: number) => string | undefined;

/**
 * Records have the same few hundred names over and over: each is made and judged once, and found by its bytes from then on,
 * several times as fast. It is always the same string, which makes it a quick key.
 * @param isAllowed told what a name is that all its bytes are taken for Latin-1 of
 */
export function createBsonNames(isAllowed: (name: string) => boolean): BsonNames {
  const known: (Name | undefined)[] = Array.from({ length: slots });
  let count = 0;
  let last: Name | undefined;

  function learn(slot: number, text: string): Name | undefined {
    if (!isAllowed(text)) return undefined;
    if (++count > most) {
      known.fill(undefined);
      last = undefined;
      count = 1;
    }
    // Read as a name of an object, the text becomes the one that all objects have: maps find it without hashing it anew.
    const [name = text] = Object.keys({ [text]: true });
    return (known[slot] = { text: name, next: known[slot], follower: undefined });
  }

  function find(bytes: Uint8Array, start: number): Name | undefined {
    let [code, end] = [0, start];
    for (; ; end++) {
      const byte = bytes[end];
      if (byte === undefined) return undefined;
      if (byte === 0) break;
      code = (Math.imul(code, 31) + byte) | 0;
    }
    const slot = code & (slots - 1);
    for (let name = known[slot]; name; name = name.next) if (isAt(bytes, start, name.text)) return name;
    return learn(slot, Buffer.from(bytes.subarray(start, end)).toString('latin1'));
  }

  return (bytes, start) => {
    const expected = last?.follower;
    if (expected && isAt(bytes, start, expected.text)) return (last = expected).text;
    const found = find(bytes, start);
    if (last && found) last.follower = found;
    last = found;
    return found?.text;
  };
}

function isAt(bytes: Uint8Array, start: number, name: string): boolean {
  for (let index = 0; index < name.length; index++)
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  return bytes[start + name.length] === 0;
}
