import type { Result } from './run-scenario.ts';

interface Row {
  scenario: string;
  rounds: number;
  writes: number;
  acked: number;
  audited: number;
  lost: number;
  doubled: number;
  'longest recovery': string;
  verdict: string;
}

/** One row a scenario, over all its rounds. */
export function table(results: Result[]): Row[] {
  return [...Map.groupBy(results, ({ scenario }) => scenario)].map(([scenario, some]) => {
    const sum = (of: (result: Result) => number) => some.reduce((total, result) => total + of(result), 0);
    const broken = some.filter(({ violations }) => violations.length > 0);
    return {
      scenario,
      rounds: some.length,
      writes: sum(({ writes }) => writes),
      acked: sum(({ accepted }) => accepted),
      audited: sum(({ audited }) => audited),
      lost: sum(({ lost }) => lost),
      doubled: sum(({ doubled }) => doubled),
      'longest recovery': `${(Math.max(...some.map(({ recovery }) => recovery)) / 1000).toFixed(1)} s`,
      verdict: broken.length === 0 ? 'ok' : `${broken.length} failed`,
    };
  });
}

export function format(rows: Row[]): string {
  const [first] = rows;
  if (!first) return 'no scenario ran';
  const columns = Object.keys(first) as (keyof Row)[];
  const width = (column: keyof Row) =>
    Math.max(column.length, ...rows.map((row) => String(row[column]).length));
  const line = (cells: (column: keyof Row) => string) =>
    columns
      .map((column) => cells(column).padEnd(width(column)))
      .join('  ')
      .trimEnd();
  return [line((column) => column), ...rows.map((row) => line((column) => String(row[column])))].join('\n');
}
