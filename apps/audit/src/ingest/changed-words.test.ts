import { describe, expect, it } from '@jest/globals';
import { buildEvent } from '@pipedesk/testing';
import { changedWords } from './changed-words.ts';

const record = { name: 'Forty seats', amount: { amount: 4200, currency: 'USD' }, id: buildEvent().tenantid };

describe('the words of a change', () => {
  it('are those of the values an update sets or replaces, not of the others', () => {
    const changes = [{ field: 'stage', before: 'proposal', after: 'won' }];
    const { data } = buildEvent({ version: 2, before: record, after: record, changes });
    expect(changedWords(data)).toEqual(['proposal', 'won']);
  });

  it('are all that a creation sets and a deletion takes, without ids and times', () => {
    const words = ['forty', 'seats', '4200', 'usd'];
    const { data } = buildEvent({
      after: { ...record, createdAt: '2026-03-01T09:30:00.000Z', on: '2026-03-01' },
    });
    expect(changedWords(data)).toEqual(words);
    const removed = buildEvent({ version: 2, action: 'deleted', before: record, after: null });
    expect(changedWords(removed.data)).toEqual(words);
  });

  it('are never more than 64', () => {
    const { data } = buildEvent({
      after: { text: Array.from({ length: 500 }, (_, n) => `word${n}`).join(' ') },
    });
    expect(changedWords(data)).toHaveLength(64);
  });
});
