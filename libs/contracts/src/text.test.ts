import { describe, expect, it } from '@jest/globals';
import { wordsOf } from './text.ts';

describe('the words of a text', () => {
  it.each([
    ['Acme Corp., ACME', ['acme', 'corp']],
    ['Zoë-Renée ﬁne', ['zoe', 'renee', 'fine']],
    ['grace@example.com', ['grace', 'example', 'com']],
    ['a 7 42', ['42']],
    ['under_score 3D-Print', ['under', 'score', '3d', 'print']],
    ['東京 Москва', ['東京', 'москва']],
    ['.* ${} --', []],
  ])('%j are %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  it('are cut where they are endless', () => {
    expect(wordsOf('x'.repeat(10_000))).toEqual(['x'.repeat(40)]);
  });
});
