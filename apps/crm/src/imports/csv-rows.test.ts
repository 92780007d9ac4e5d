import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { type CsvRow, readCsv } from './csv-rows.ts';

async function read(text: string | Buffer, partSize = 7): Promise<{ columns: string[]; rows: CsvRow[] }> {
  const bytes = Buffer.from(text);
  const parts = Array.from({ length: Math.ceil(bytes.length / partSize) }, (_, n) =>
    bytes.subarray(n * partSize, (n + 1) * partSize),
  );
  const { columns, rows } = await readCsv(Readable.from(parts) as AsyncIterable<Buffer>);
  const found: CsvRow[] = [];
  for await (const row of rows) found.push(row);
  return { columns, rows: found };
}

const good = (line: number, a: string, b: string) => ({ line, values: { a, b } });

describe('readCsv', () => {
  it.each([
    ['line feeds', 'a,b\n1,x\n2,y\n'],
    ['carriage returns and line feeds', 'a,b\r\n1,x\r\n2,y\r\n'],
    ['carriage returns', 'a,b\r1,x\r2,y\r'],
    ['a byte-order mark', '\ufeffa,b\n1,x\n2,y\n'],
    ['no end of the last line', 'a,b\n1,x\n2,y'],
    ['spaces around values and names in capitals', ' A , B \n 1 , x \n2,y\n'],
    ['quotes', '"a","b"\n"1","x"\n2,"y"\n'],
  ])('reads a file with %s', async (_, text) => {
    expect(await read(text)).toEqual({ columns: ['a', 'b'], rows: [good(2, '1', 'x'), good(3, '2', 'y')] });
  });

  it('keeps what quotes protect: commas, doubled quotes, line breaks; and letters cut in two by the network', async () => {
    const { rows } = await read('a,b\n"x, y","say ""hi"""\n"two\nlines",Zürich ✓ 𝄞\n', 1);
    expect(rows).toEqual([good(2, 'x, y', 'say "hi"'), good(3, 'two\nlines', 'Zürich ✓ 𝄞')]);
  });

  it('counts lines as an editor does, blank ones included', async () => {
    expect((await read('a,b\n\n1,x\n\n\n2,y\n')).rows).toEqual([good(3, '1', 'x'), good(6, '2', 'y')]);
  });

  it('reports a row with too few or too many values, and goes on', async () => {
    const { rows } = await read('a,b\n1\n1,2,3\n1,x\n');
    expect(rows).toEqual([
      { line: 2, values: {}, problem: 'has 1 values, the header names 2 columns' },
      { line: 3, values: {}, problem: 'has 3 values, the header names 2 columns' },
      good(4, '1', 'x'),
    ]);
  });

  it('reports a stray quote, and goes on with the next line', async () => {
    const { rows } = await read('a,b\n1,x"y\n2,y\n3,"z" z\n4,w\n');
    expect(rows).toEqual([
      { line: 2, values: {}, problem: 'has a quote in the middle of a value' },
      good(3, '2', 'y'),
      { line: 4, values: {}, problem: 'has text behind a closing quote' },
      good(5, '4', 'w'),
    ]);
  });

  it.each([
    [
      'that another quote ends wrongly',
      'a,b\n1,"open\n2,x\n3,"fine"\n4,y\n',
      'has text behind a closing quote',
      4,
    ],
    ['that nothing ends', 'a,b\n1,"open\n2,x\n3,fine\n4,y', 'opens a quote that is never closed', 4],
    [
      'that nothing ends within reason',
      `a,b\n1,"open\n${'2,x\n'.repeat(60_000)}`,
      'opens a quote that is not closed within 100000 characters',
      60_001,
    ],
    [
      'in a line longer than any',
      `a,b\n1,${'x'.repeat(250_000)}\n2,x\n`,
      'is longer than 100000 characters',
      2,
    ],
  ])('loses only the row with an open quote %s', async (_, text, problem, count) => {
    const { rows } = await read(text, 65_536);
    expect(rows).toHaveLength(count);
    expect(rows[0]).toEqual({ line: 2, values: {}, problem });
    expect(rows[1]).toEqual(good(3, '2', 'x'));
    expect(rows.filter((row) => row.problem !== undefined)).toHaveLength(1);
    expect(rows.at(-1)?.line).toBe(count + 1);
  });

  it('takes an empty value, quoted or not, for what it is', async () => {
    expect((await read('a,b\n,\n"",""\n"""",x\n')).rows).toEqual([
      good(2, '', ''),
      good(3, '', ''),
      good(4, '"', 'x'),
    ]);
  });

  it.each([
    ['an empty file', '', 'csv_without_header'],
    ['blank lines only', '\n\n', 'csv_without_header'],
    ['a column twice', 'a,b,A\n1,2,3\n', 'csv_header_ambiguous'],
    ['two columns without a name', 'a,,b,\n1,2,3,4\n', 'csv_header_ambiguous'],
    ['a broken quote in the header', 'a"x,b\n1,2\n', 'csv_header_unreadable'],
    ['a header whose quote never ends', '"a,b\n1,2\n', 'csv_header_unreadable'],
    ['a control character in the header', 'a,b\0c\n1,2\n', 'csv_header_unreadable'],
    [
      'more columns than anybody has',
      `${Array.from({ length: 300 }, (_, n) => `c${n}`).join(',')}\n`,
      'csv_header_unreadable',
    ],
    ['Latin-1', Buffer.from('a,b\n1,café\n', 'latin1'), 'csv_not_utf8'],
    ['UTF-16', Buffer.from('\ufeffa,b\n1,x\n', 'utf16le'), 'csv_not_utf8'],
    [
      'a last letter cut in two',
      Buffer.concat([Buffer.from('a,b\n1,'), Buffer.from([0xe2, 0x82])]),
      'csv_not_utf8',
    ],
  ])('refuses %s', async (_, text, code) => {
    await expect(read(text)).rejects.toMatchObject({ status: 400, code });
  });

  it('takes column names of built-in members as names', async () => {
    const { rows } = await read('__proto__,constructor\n1,2\n');
    expect(Object.entries(rows[0]?.values ?? {})).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });
});
