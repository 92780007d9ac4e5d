/**
 * What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection"): the characters themselves, their full-width
 * forms, and the white space that spreadsheets skip before them.
 */
export const formulaStart = /^[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/;

/** One line of RFC 4180: every cell quoted, quotes doubled, what could be a formula made text by an apostrophe. */
export function csvLine(cells: Iterable<string | number | null>): string {
  let line = '';
  for (const cell of cells) line += line === '' ? csvCell(cell) : `,${csvCell(cell)}`;
  return `${line}\r\n`;
}

function csvCell(value: string | number | null): string {
  if (value === null) return '""';
  const text = String(value);
  const harmless = formulaStart.test(text) ? `'${text}` : text;
  // Most cells have none, which is quickly seen.
  return harmless.includes('"') ? `"${harmless.replaceAll('"', '""')}"` : `"${harmless}"`;
}
