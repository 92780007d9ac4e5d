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
  const words = new Set<string>();
  if (action === 'updated' || action === 'converted')
    for (const change of changes) {
      collect(change.before, words);
      collect(change.after, words);
    }
  else {
    collect(before, words);
    collect(after, words);
  }
  return [...words];
}

/** Adds the words of a value until there are enough. */
function collect(value: unknown, words: Set<string>): void {
  if (words.size === mostWords) return;
  if (typeof value === 'string') addWords(value, words);
  else if (typeof value === 'number') addWords(String(value), words);
  else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) collect(inner, words);
}

function addWords(text: string, words: Set<string>): void {
  if (noWords.test(text)) return;
  for (const word of wordsOf(text)) {
    words.add(word);
    if (words.size === mostWords) return;
  }
}
