import { describe, expect, it } from '@jest/globals';
import { serialize } from 'bson';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { buildDealHistory } from '../../test/deal-events.ts';
import { value } from '../../test/odd-records.ts';
import { buildLeadEvent } from '../../test/sealed-trail.ts';
import { readLog } from '../audit-logs/audit-log.model.ts';
import { createText, type Text, written } from '../bson-text/text.ts';
import { unusual } from '../bson-text/unusual.ts';
import { logOfEvent } from '../ingest/log-of-event.ts';
import { exportFormats } from './export-formats.ts';
import { addCsvLine, addJsonLine } from './lines-of-bson.ts';
import { csvLineOf, jsonLineOf } from './lines-of-logs.ts';

const events = [...buildDealHistory(5), buildLeadEvent(uuidv7())];
const logs = events.map((event) => logOfEvent(event, new Date()));

const textOf = (add: (text: Text, bytes: Buffer) => void, bytes: Buffer) => {
  const text = createText();
  add(text, bytes);
  return written(text).toString();
};

/** A line, or why there is none. */
function lineOf(read: () => string): string {
  try {
    return read();
  } catch (error) {
    return String(error);
  }
}

/** Members that are numbers come first in objects, and of those that come twice there is one: the JSON says the same. */
const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
};
/** Cells as they were before they were quoted, JSON parsed. */
const cellsOf = (line: string) =>
  [...line.matchAll(/"((?:[^"]|"")*)"(?:,|\r\n$)/gs)].map(([, cell = '']) =>
    parsed(cell.replaceAll('""', '"')),
  );

const members = ['before', 'after', 'changes', 'links', 'context', 'actor', 'entityId', 'version', 'lead'];
const odd = fc.oneof(
  value,
  // Objects that columns lie in, with odd members.
  fc.record({ id: value, name: value, ip: value, authority: fc.oneof(value, fc.record({ rule: value })) }),
);
const oddLog = fc
  .tuple(fc.constantFrom(...logs), fc.dictionary(fc.constantFrom(...members), odd, { maxKeys: 3 }))
  .map(([log, others]) => Buffer.from(serialize({ ...log, ...others })));

const ways = [
  ['jsonl', addJsonLine, jsonLineOf, parsed],
  ['csv', addCsvLine, csvLineOf, cellsOf],
] as const;

describe.each(ways)('a line of %s', (format, addFast, slow, meaningOf) => {
  const { addLine } = exportFormats[format];

  it('is made of the stored bytes, and is that of the decoded record', () => {
    for (const log of logs) {
      const bytes = Buffer.from(serialize(log));
      const line = textOf(addFast, bytes);
      expect(line).toBe(slow(readLog(bytes)));
      expect(line).toContain(log._id);
    }
  });

  it('says the same as that of the decoded record, however odd it is', () => {
    let usual = 0;
    const runs = 1_500;
    fc.assert(
      fc.property(oddLog, (bytes) => {
        const line = lineOf(() => textOf(addLine, bytes));
        expect(meaningOf(line)).toEqual(meaningOf(lineOf(() => slow(readLog(bytes)))));
        if (lineOf(() => textOf(addFast, bytes)) !== String(unusual)) usual++;
      }),
      { numRuns: runs },
    );
    // Both ways have been compared, not the slow one with itself.
    expect(usual).toBeGreaterThan(runs / 4);
    expect(usual).toBeLessThan(runs);
  });

  it('tells what was erased, which is decoded', () => {
    const [log] = logs;
    const erased = { values: [{ path: 'after.name', commitment: 'c', by: 'erasure:1:1' }], salts: [] };
    const bytes = Buffer.from(serialize({ ...log, erased }));
    expect(textOf(addLine, bytes)).toBe(slow(readLog(bytes)));
  });

  it('stands behind the lines before it, whichever way it was made', () => {
    const [log] = logs;
    const [usual, strange] = [log, { ...log, after: { name: 'x', at: new Date(-1) } }].map((one) =>
      Buffer.from(serialize(one ?? {})),
    );
    if (!usual || !strange) throw new Error('there are no logs');
    const text = createText();
    for (const bytes of [usual, strange, usual]) addLine(text, bytes);
    const [first, second] = [slow(readLog(usual)), slow(readLog(strange))];
    expect(written(text).toString()).toBe(first + second + first);
  });
});

it.each([
  '=1',
  '+1',
  '-1',
  '@a',
  '\ta',
  '\ra',
  '\na',
  '\uFF0B1',
  '\uFF0D1',
  '\uFF1D1',
  '\uFF20a',
  '＝',
  '',
  'é',
  '"',
])('a CSV cell of %j is that of the decoded record', (name) => {
  const [log] = logs;
  const bytes = Buffer.from(serialize({ ...log, actor: { type: 'user', id: '1', name, role: null } }));
  expect(textOf(addCsvLine, bytes)).toBe(csvLineOf(readLog(bytes)));
});
