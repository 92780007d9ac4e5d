/**
 * Thrown where a stored record is anything but what nearly all are. It says nothing against the record: whoever catches it
 * decodes the record and takes the slow way, which has the last word. One for all, since nobody looks at where it comes from.
 */
export const unusual = new Error('a stored record is to be read the slow way');

/** What the fast way comes to, or the slow one where the fast one leaves it to that. */
export function usually<T>(fast: () => T, slow: () => T): T {
  try {
    return fast();
  } catch (error) {
    if (error !== unusual) throw error;
    return slow();
  }
}
