import { describe, expect, it } from '@jest/globals';
import { historyViolations, type StoredLog, type StoredRecord } from './history.ts';

const at = (second: number) => `2026-03-01T09:00:0${second}.000Z`;

/** A deal that was made, got another amount, and was deleted if `isDeleted`; as crm and audit hold it. */
function buildHistory({ isDeleted = false } = {}): { record: StoredRecord; logs: StoredLog[] } {
  const made = { name: 'Forty seats', amount: { amount: 1, currency: 'EUR' }, product: null };
  const base = { id: 'd', createdAt: at(1) };
  const first = { ...base, version: 1, updatedAt: at(1), ...made };
  const second = { ...first, version: 2, updatedAt: at(2), amount: { amount: 2, currency: 'EUR' } };
  const context = { requestId: 'r' };
  const log = (version: number, rest: Omit<StoredLog, '_id' | 'entityId' | 'version' | 'context'>) => ({
    _id: `deal:d:${version}`,
    entityId: 'd',
    version,
    context,
    ...rest,
  });
  const changes = [{ field: 'amount.amount', before: 1, after: 2 }];
  const logs = [
    log(1, { action: 'created', before: null, after: first, changes: [] }),
    log(2, { action: 'updated', before: first, after: second, changes }),
    ...(isDeleted ? [log(3, { action: 'deleted', before: second, after: null, changes: [] })] : []),
  ];
  const { id: _id, ...fields } = second;
  const times = { createdAt: new Date(at(1)), updatedAt: new Date(at(2)) };
  const internal = { tenantId: 't', deletedAt: isDeleted ? new Date(at(3)) : null, _words: ['forty'] };
  return { record: { ...fields, _id, ...times, ...internal, version: logs.length }, logs };
}

describe('a history', () => {
  it.each([false, true])('is right as it was written (deleted: %s)', (isDeleted) => {
    const { record, logs } = buildHistory({ isDeleted });
    expect(historyViolations('deal', [record], logs.toReversed())).toEqual([]);
  });

  it.each<[string, (history: ReturnType<typeof buildHistory>) => unknown, RegExp]>([
    ['a record nobody has', ({ record }) => (record._id = 'other'), /^2: audit knows deal d/],
    ['a missing version', ({ logs }) => logs.shift(), /^3: at version 2, audit has 2/],
    ['a version too many', ({ record }) => (record.version = 1), /^3: at version 1, audit has 1,2/],
    ['an event that is there twice', ({ logs }) => logs.push(...logs.slice(1)), /^5:/],
    ['a change that is not told', ({ logs }) => (logs[1]?.changes ?? []).pop(), /^4: deal:d:2 does not tell/],
    ['a beginning elsewhere', ({ logs }) => (logs[1]!.before = { id: 'd' }), /^4: deal:d:2 does not begin/],
    ['another value in crm', ({ record }) => (record['product'] = 'MG Special'), /^4: replaying/],
    ['another time in crm', ({ record }) => (record['updatedAt'] = new Date(0)), /^4: its audit ends/],
    ['a deletion audit has not', ({ record }) => (record.deletedAt = new Date()), /^4: deleted for one/],
  ])('is wrong with %s', (_what, spoil, told) => {
    const history = buildHistory();
    spoil(history);
    const violations = historyViolations('deal', [history.record], history.logs);
    expect(violations).toEqual(expect.arrayContaining([expect.stringMatching(told)]));
  });
});
