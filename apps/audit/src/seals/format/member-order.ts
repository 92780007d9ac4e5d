/** How the members of objects of one shape are written. */
export interface MemberOrder {
  /** As the objects have them. */
  names: string[];
  /** By UTF-16 code units, as the comparison of strings has it. */
  sorted: string[];
  /** The sorted names as JSON, each with its colon; none for half a surrogate pair, which JSON cannot say. */
  labels: (string | undefined)[];
}

/**
 * Orders that are kept, and the most members and the longest name of one that is: custom fields have names of anybody's
 * choice, and must not fill the memory. All are forgotten when there are too many.
 */
const most = 2_000;
const longest = 64;

/** By the last name, in which the kinds of records differ the most. */
const known = new Map<string, MemberOrder[]>();
let count = 0;

/**
 * The order of an object's members. A trail has the same few dozen shapes in all of its records: sorting and escaping their
 * names each time was half of what writing them cost.
 */
export function orderOf(members: object): MemberOrder {
  const names = Object.keys(members);
  const alike = known.get(names[names.length - 1] ?? '');
  if (alike) for (const order of alike) if (isSame(order.names, names)) return order;
  const sorted = [...names].sort();
  const order = { names, sorted, labels: sorted.map(labelOf) };
  if (names.length <= longest && names.every((name) => name.length <= longest)) remember(order);
  return order;
}

function labelOf(name: string): string | undefined {
  return name.isWellFormed() ? `${JSON.stringify(name)}:` : undefined;
}

function isSame(some: string[], others: string[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = 0; index < some.length; index++) if (some[index] !== others[index]) return false;
  return true;
}

function remember(order: MemberOrder): void {
  if (count === most) {
    known.clear();
    count = 0;
  }
  count++;
  const last = order.names.at(-1) ?? '';
  const alike = known.get(last);
  if (alike) alike.push(order);
  else known.set(last, [order]);
}
