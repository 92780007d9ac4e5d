import { badRequest } from '@pipedesk/service-kit';

/** Longest line, and longest row of several lines, characters. */
export const longestRow = 100_000;

export interface Line {
  /** From 1. */
  number: number;
  /** Cut off when it is longer than `longestRow`. */
  text: string;
}

/**
 * The lines of a UTF-8 text, with or without a byte-order mark, whichever line ends it has, in constant memory.
 * @throws ProblemError 400 `csv_not_utf8`
 */
export async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 0;
  let rest = '';
  for await (const text of textOf(source)) {
    // A carriage return at the end may be half of a line end.
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = (lines.pop() ?? '').slice(0, longestRow + 1);
    for (const line of lines) yield { number: ++number, text: line };
  }
  if (rest !== '') yield { number: ++number, text: rest.replace(/\r$/, '') };
}

/** Other encodings would turn names into rubbish that nobody notices until later. */
async function* textOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const bytes of source) yield decode(() => decoder.decode(bytes, { stream: true }));
  yield decode(() => decoder.decode());
}

function decode(attempt: () => string): string {
  try {
    return attempt();
  } catch {
    throw badRequest('csv_not_utf8', {
      detail: 'The file is not UTF-8. Save it as "CSV UTF-8" and send it again.',
    });
  }
}
