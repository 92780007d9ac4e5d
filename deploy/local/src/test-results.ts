import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { repositoryRoot } from './backing/cache.ts';

/** The fields used here of the file that jest's `--json --outputFile` writes. */
export interface JestResults {
  startTime: number;
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: {
    name: string;
    endTime: number;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] | null }[];
  }[];
}

export interface Outcome {
  project: string;
  passed: number;
  failed: number;
  /** One text per failure, ready to print. */
  failures: string[];
}

const longestFailure = 40;

/** What one project's jest run says. A file that could not run at all counts as one failed test. */
export function readOutcome(project: string, results: JestResults): Outcome {
  const failures = results.testResults.flatMap(({ name, message, assertionResults }) => {
    const file = relative(repositoryRoot, name);
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length > 0)
      return failed.map((test) => describe(`${file} › ${test.fullName}`, test.failureMessages ?? []));
    return assertionResults.length === 0 && message ? [describe(`${file} could not run`, [message])] : [];
  });
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return { project, passed: results.numPassedTests, failed, failures };
}

/** A project that wrote no results: its runner itself failed. */
export function missingOutcome(project: string, output: string): Outcome {
  return {
    project,
    passed: 0,
    failed: 1,
    failures: [describe(`${project}: the test run itself failed`, [output])],
  };
}

function describe(title: string, messages: string[]): string {
  const lines = stripVTControlCharacters(messages.join('\n')).replaceAll('\r', '').trim().split('\n');
  const own = lines.filter((line) => !/^\s+at .*(node_modules|node:internal)/.test(line));
  const shown = own.slice(0, longestFailure).map((line) => `    ${line}`);
  return [`✗ ${title}`, ...shown].join('\n');
}

/** One line for a finished project. */
export function summarize({ project, passed, failed }: Outcome, seconds: string): string {
  if (passed + failed === 0) return `– ${project}: no tests`;
  const counts = failed > 0 ? `${failed} failed, ${passed} passed` : `${passed} passed`;
  return `${failed > 0 ? '✗' : '✓'} ${project}: ${counts} (${seconds})`;
}

/** The line that closes the run, alone and exactly so: other programs read it. */
export function closingLine(outcomes: Outcome[]): string {
  const sum = (key: 'passed' | 'failed') => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  return `${sum('passed')} passed, ${sum('failed')} failed`;
}
