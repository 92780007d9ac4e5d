import { readLog, type ReadLog } from '../audit-logs/audit-log.model.ts';
import { addBytes, type Text } from '../bson-text/text.ts';
import { usually } from '../bson-text/unusual.ts';
import { csvLine } from './csv.ts';
import { csvColumns } from './csv-columns.ts';
import { addCsvLine, addJsonLine } from './lines-of-bson.ts';
import { csvLineOf, jsonLineOf } from './lines-of-logs.ts';

interface ExportFormat {
  contentType: string;
  /** What stands before the first record. */
  head: string;
  /** Adds the line of a record, which is as the database wrote it. */
  addLine(text: Text, bytes: Buffer): void;
}

export const exportFormats: Record<'csv' | 'jsonl', ExportFormat> = {
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: csvLine(Object.keys(csvColumns)),
    addLine: eitherWay(addCsvLine, csvLineOf),
  },
  jsonl: {
    contentType: 'application/jsonl; charset=utf-8',
    head: '',
    addLine: eitherWay(addJsonLine, jsonLineOf),
  },
};

function eitherWay(
  addFast: (text: Text, bytes: Buffer) => void,
  slow: (log: ReadLog) => string,
): ExportFormat['addLine'] {
  return (text, bytes) => {
    const start = text.length;
    usually(
      () => addFast(text, bytes),
      () => {
        text.length = start;
        addBytes(text, Buffer.from(slow(readLog(bytes))));
      },
    );
  };
}
