import { describe, expect, it } from '@jest/globals';
import { codeOfSqlState, unpackSqlState } from './sqlstate.ts';

describe('codes of SQLSTATEs', () => {
  it('unpacks the form the engine leaves in writeErrors', () => {
    expect([319029277, 525074461, 335544349, 16777245].map(unpackSqlState)).toEqual([
      'M001C',
      'M00CO',
      'M000D',
      'M0001',
    ]);
  });

  it.each([
    ['M001C', 11000],
    ['23505', 11000],
    ['M00CO', 121],
    ['40001', 112],
    ['M0008', 26],
    ['M007U', 40324],
    ['MZZZZ', 2],
    ['XX000', 1],
  ])('maps %s to %d', (state, code) => {
    expect(codeOfSqlState(state)).toBe(code);
  });
});
