import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repositoryRoot } from './backing/cache.ts';
import { outputOf } from './nx.ts';
import { closingLine, missingOutcome, readOutcome, summarize } from './test-results.ts';
import type { JestResults } from './test-results.ts';

type Suite = JestResults['testResults'][number];

const buildSuite = (overrides: Partial<Suite> = {}): Suite => ({
  name: join(repositoryRoot, 'apps/crm/src/deal.test.ts'),
  endTime: 2,
  status: 'passed',
  message: '',
  assertionResults: [{ fullName: 'a deal closes', status: 'passed', failureMessages: [] }],
  ...overrides,
});

const buildResults = (overrides: Partial<JestResults> = {}): JestResults => ({
  startTime: 1,
  numPassedTests: 1,
  numFailedTests: 0,
  numRuntimeErrorTestSuites: 0,
  testResults: [buildSuite()],
  ...overrides,
});

describe("a project's outcome", () => {
  it('names each failed test with its file and message, without colours', () => {
    const failed = {
      fullName: 'a deal closes',
      status: 'failed',
      failureMessages: ['\u001b[31mexpected 1\u001b[39m'],
    };
    const outcome = readOutcome(
      'crm',
      buildResults({ numFailedTests: 1, testResults: [buildSuite({ assertionResults: [failed] })] }),
    );
    expect(outcome).toMatchObject({ passed: 1, failed: 1 });
    expect(outcome.failures).toEqual(['✗ apps/crm/src/deal.test.ts › a deal closes\n    expected 1']);
  });

  it('counts a file that could not run as a failure', () => {
    const broken = buildSuite({ status: 'failed', assertionResults: [], message: 'Cannot find module' });
    const outcome = readOutcome('crm', buildResults({ numRuntimeErrorTestSuites: 1, testResults: [broken] }));
    expect(outcome.failed).toBe(1);
    expect(outcome.failures).toEqual(['✗ apps/crm/src/deal.test.ts could not run\n    Cannot find module']);
  });

  it('counts a project that wrote no results as a failure', () => {
    expect(missingOutcome('crm', 'out of memory')).toMatchObject({ passed: 0, failed: 1 });
  });
});

describe('the report', () => {
  const outcomes = [readOutcome('crm', buildResults({ numPassedTests: 7 })), missingOutcome('audit', '')];

  it('has a line per project', () => {
    expect(outcomes.map((outcome) => summarize(outcome, '1 s'))).toEqual([
      '✓ crm: 7 passed (1 s)',
      '✗ audit: 1 failed, 0 passed (1 s)',
    ]);
    expect(summarize({ project: 'x', passed: 0, failed: 0, failures: [] }, '1 s')).toBe('– x: no tests');
  });

  it('closes with the sums alone', () => {
    expect(closingLine(outcomes)).toBe('7 passed, 1 failed');
    expect(closingLine([])).toBe('0 passed, 0 failed');
  });
});

describe("Nx's output", () => {
  const log =
    '\n> nx run @pipedesk/crm:test\n\nfirst\n\n> nx run @pipedesk/audit:test\n\nsecond\n\n\n NX   Ran target test\n';

  it('is cut into what each task wrote', () => {
    expect(outputOf(log, 'crm', 'test')).toContain('first');
    expect(outputOf(log, 'crm', 'test')).not.toContain('second');
    expect(outputOf(log, 'audit', 'test')).not.toContain('NX');
    expect(outputOf(log, 'auth', 'test')).toBe('');
  });
});
