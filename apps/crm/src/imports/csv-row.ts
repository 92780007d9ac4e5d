/** A row that grows line by line while a quote is open. */
export interface GrowingRow {
  values: string[];
  /** @returns `complete`, `open` when the row goes on in the next line, or what is wrong with it */
  take(line: string): string;
}

/** RFC 4180: values between commas; one in quotes may hold commas, line ends, and quotes by doubling them. */
export function startRow(): GrowingRow {
  const values: string[] = [];
  /** What has been read of a value whose quote is open. */
  let open: string | undefined;

  function take(line: string): string {
    let position = 0;
    for (;;) {
      if (open === undefined) {
        position = skipBlanks(line, position);
        if (line[position] === '"') {
          open = '';
          position++;
        }
      }
      const next = open === undefined ? takePlain(line, position) : takeQuoted(line, position);
      if (typeof next === 'string') return next;
      position = next;
    }
  }

  function takePlain(line: string, position: number): number | string {
    const comma = line.indexOf(',', position);
    const value = line.slice(position, comma < 0 ? undefined : comma).trim();
    if (value.includes('"')) return 'has a quote in the middle of a value';
    values.push(value);
    return comma < 0 ? 'complete' : comma + 1;
  }

  function takeQuoted(line: string, position: number): number | string {
    const quote = line.indexOf('"', position);
    if (quote < 0) {
      open = `${open}${line.slice(position)}\n`;
      return 'open';
    }
    open += line.slice(position, quote);
    if (line[quote + 1] === '"') {
      open += '"';
      return quote + 2;
    }
    values.push(open ?? '');
    open = undefined;
    const end = skipBlanks(line, quote + 1);
    if (end === line.length) return 'complete';
    return line[end] === ',' ? end + 1 : 'has text behind a closing quote';
  }

  return { values, take };
}

function skipBlanks(line: string, position: number): number {
  while (line[position] === ' ' || line[position] === '\t') position++;
  return position;
}
