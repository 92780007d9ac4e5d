/**
 * The names and paths of values as texts that are made once: a trail has the same few hundred in each of its records, and
 * putting them together, escaping them and hashing them as keys was a good part of hashing a record.
 */
const most = 20_000;

/** Forgets all when there are too many: custom fields have names of anybody's choice. */
export function remembered<T>(make: (text: string) => T): (text: string) => T {
  const made = new Map<string, T>();
  return (text) => {
    const known = made.get(text);
    if (known !== undefined) return known;
    if (made.size >= most) made.clear();
    const fresh = make(text);
    made.set(text, fresh);
    return fresh;
  };
}

/** A path as JSON. */
export const quoted = remembered((path) => JSON.stringify(path));
/** The same in UTF-8. */
export const quotedBytes = remembered((path) => Buffer.from(quoted(path)));

/** Paths of the members of a record's member, by its name. */
export const pathsWithin = remembered((name) => remembered((member) => `${name}.${member}`));

/** Paths of a snapshot's member, by where it has the value. */
export const pathIn = {
  before: remembered((member) => `before.${member}`),
  after: remembered((member) => `after.${member}`),
  both: remembered((member) => `both.${member}`),
};
