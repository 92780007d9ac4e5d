/**
 * What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection"): the characters themselves, their full-width
 * forms, and the white space that spreadsheets skip before them.
 */
const formulaStart = /^[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/;

/** One line of RFC 4180: every cell quoted, quotes doubled, what could be a formula made text by an apostrophe. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  const harmless = formulaStart.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}
