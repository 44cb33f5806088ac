import { describe, expect, test } from 'vitest';
import type { JudgeOptions } from '../../../src/classifier/dspam/options.ts';
import { learn, type DspamMode, type Learning, type Lesson } from '../../../src/classifier/dspam/training.ts';

const options: JudgeOptions = {
  tokenizer: 'word',
  whitelist: true,
  ignoredFields: [],
  algorithms: ['graham'],
  pValue: 'bcr',
  bias: true,
  sedation: 5,
  noise: false,
  whitelistThreshold: 10,
  untilMature: false,
};
const tokens = {
  all: [
    { name: 'a', key: 1n, frequency: 3 },
    { name: 'From*x', key: 2n, frequency: 1 },
  ],
  sender: 2n,
  stream: [1n],
};
const inbound: Lesson = { spam: true, source: 'inbound', unlearn: false, takesBack: false, confidence: 0.9 };

function learned(
  mode: DspamMode,
  lesson: Partial<Lesson> = {},
  { each = 20, hits = { spam: 10, innocent: 10 }, pValue = options.pValue } = {},
): Learning {
  const totals = { spamLearned: each, innocentLearned: each, spamClassified: 0, innocentClassified: 0 };
  return learn(tokens, () => hits, totals, { ...inbound, ...lesson }, { ...options, pValue, mode });
}

const plus = { spam: 1, innocent: 0 };

describe('what passes', () => {
  test('is learned as judged under teft, each token once', () => {
    expect(learned('teft')).toEqual({
      totals: { spamLearned: 1 },
      tokens: [
        { key: 1n, ...plus },
        { key: 2n, ...plus },
      ],
    });
  });

  test('changes nothing under notrain', () => {
    expect(learned('notrain')).toEqual({ totals: {}, tokens: [] });
  });

  test.each([
    [100, { spamLearned: 1 }, 2],
    [101, { spamClassified: 1 }, 1],
  ])('under toe, with %i of each class learned, counts as %j', (each, totals, written) => {
    const learning = learned('toe', {}, { each });
    expect(learning.totals).toEqual(totals);
    expect(learning.tokens).toHaveLength(written);
  });

  test('is only counted under toe with markov', () => {
    expect(learned('toe', {}, { pValue: 'markov' }).totals).toEqual({ spamClassified: 1 });
  });

  test.each([
    [0.9, 24, 2],
    [0.9, 25, 1],
    [0.69, 25, 2],
  ])(
    'under tum, with confidence %d and %i hits of each class, writes %i tokens',
    (confidence, spam, written) => {
      const learning = learned('tum', { confidence }, { each: 50, hits: { spam, innocent: spam } });
      expect(learning.tokens).toHaveLength(written);
    },
  );
});

describe('what a person tells', () => {
  test.each([
    ['corpus', 1],
    ['error', 2],
    ['inoculation', 2],
  ] as const)('from %s, under tum, writes %i of two tokens if they are mature', (source, written) => {
    const learning = learned(
      'tum',
      { source, confidence: 1 },
      { each: 50, hits: { spam: 25, innocent: 25 } },
    );
    expect(learning.tokens).toHaveLength(written);
  });

  test('is learned under notrain too', () => {
    expect(learned('notrain', { source: 'corpus' }).totals).toEqual({ spamLearned: 1, spamCorpusfed: 1 });
  });

  test('takes back what was learned', () => {
    const { totals, tokens: deltas } = learned('teft', { source: 'error', takesBack: true });
    expect(totals).toEqual({ spamLearned: 1, spamMisclassified: 1, innocentLearned: -1 });
    expect(deltas[0]).toEqual({ key: 1n, spam: 1, innocent: -1 });
  });

  test('is unlearned', () => {
    const { totals, tokens: deltas } = learned('teft', { source: 'error', unlearn: true });
    expect(totals).toEqual({ spamLearned: -1 });
    expect(deltas[0]).toEqual({ key: 1n, spam: -1, innocent: 0 });
  });

  test.each([
    [{ spam: 4, innocent: 1 }, 5],
    [{ spam: 5, innocent: 1 }, 2],
    [{ spam: 4, innocent: 2 }, 2],
  ])('inoculates tokens of %j by %i', (hits, by) => {
    const { tokens: deltas, totals } = learned('teft', { source: 'inoculation' }, { hits });
    expect(totals).toEqual({ spamLearned: 1, spamCorpusfed: 1 });
    expect(deltas[0]?.spam).toBe(by);
  });

  test('keeps hits between 0 and the messages learned', () => {
    expect(learned('teft', {}, { each: 5, hits: { spam: 6, innocent: 0 } }).tokens).toEqual([]);
    const back = learned('teft', { takesBack: true, source: 'error' }, { hits: { spam: 1, innocent: 0 } });
    expect(back.tokens[0]).toEqual({ key: 1n, spam: 1, innocent: 0 });
  });
});
