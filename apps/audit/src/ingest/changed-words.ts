import { type ChangeEvent, wordsOf } from '@pipedesk/contracts';

/** Enough for every name and note a change holds; a record that is all prose does not fill the index. */
const mostWords = 64;

/** Ids and times have filters of their own and would only crowd out words. */
const noWords = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?)$/;

/**
 * The words of the values that a change set or replaced: all of a creation or deletion, of an update only what differs,
 * so that a search finds the changes and not every later version. The first 64.
 */
export function changedWords({ action, before, after, changes }: ChangeEvent['data']): string[] {
  const values =
    action === 'updated' || action === 'converted'
      ? changes.flatMap((change) => [change.before, change.after])
      : [before, after];
  const words = new Set<string>();
  for (const text of textsIn(values)) {
    for (const word of wordsOf(text)) {
      words.add(word);
      if (words.size === mostWords) return [...words];
    }
  }
  return [...words];
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'number') yield String(value);
  else if (typeof value === 'string') {
    if (!noWords.test(value)) yield value;
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) yield* textsIn(inner);
  }
}
