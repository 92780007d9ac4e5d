import { describe, expect, it } from '@jest/globals';
import { PostgresUnavailable } from '../postgres/connection-loss.ts';
import { translate } from './translate.ts';

const plain = { inTransaction: false, retryableWrite: false, commit: false, timeLimited: false };
const failure = (code: string, message = 'failed') => Object.assign(new Error(message), { code });

describe('translating failures', () => {
  it('lets only a write that may be repeated be repeated after a lost connection', () => {
    const lost = new Error('Connection terminated unexpectedly');
    expect(translate(lost, plain)).toMatchObject({ code: 11600, labels: [] });
    expect(translate(lost, { ...plain, retryableWrite: true })).toMatchObject({
      code: 11600,
      labels: ['RetryableWriteError'],
    });
    expect(translate(new PostgresUnavailable(lost), { ...plain, inTransaction: true })).toMatchObject({
      labels: ['TransientTransactionError'],
    });
    expect(translate(failure('57P01'), { ...plain, inTransaction: true, commit: true })).toMatchObject({
      labels: ['UnknownTransactionCommitResult', 'RetryableWriteError'],
    });
  });

  it('calls a conflict transient in a transaction only', () => {
    expect(translate(failure('40001'), { ...plain, inTransaction: true })).toMatchObject({
      code: 112,
      labels: ['TransientTransactionError'],
    });
    expect(translate(failure('40P01'), plain)).toMatchObject({ code: 112, labels: [] });
  });

  it('tells a time limit from a cancelled query', () => {
    expect(translate(failure('57014'), { ...plain, timeLimited: true }).code).toBe(50);
    expect(translate(failure('57014'), plain).code).toBe(11601);
  });

  it('reports anything unforeseen as an internal error with its message', () => {
    expect(translate(new TypeError('oops'), plain)).toMatchObject({ code: 1, message: 'oops' });
    expect(translate('thrown text', plain)).toMatchObject({ code: 1, message: 'thrown text' });
  });
});
