interface Name {
  text: string;
  /** The next of those with the same code. */
  next: Name | undefined;
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

  function learn(slot: number, text: string): string | undefined {
    if (!isAllowed(text)) return undefined;
    if (++count > most) {
      known.fill(undefined);
      count = 1;
    }
    // Read as a name of an object, the text becomes the one that all objects have: maps find it without hashing it anew.
    const [name = text] = Object.keys({ [text]: true });
    known[slot] = { text: name, next: known[slot] };
    return name;
  }

  return (bytes, start) => {
    let [code, end] = [0, start];
    for (; ; end++) {
      const byte = bytes[end];
      if (byte === undefined) return undefined;
      if (byte === 0) break;
      code = (Math.imul(code, 31) + byte) | 0;
    }
    const slot = code & (slots - 1);
    for (let name = known[slot]; name; name = name.next)
      if (isAt(bytes, start, end, name.text)) return name.text;
    return learn(slot, Buffer.from(bytes.subarray(start, end)).toString('latin1'));
  };
}

function isAt(bytes: Uint8Array, start: number, end: number, name: string): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++)
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  return true;
}
