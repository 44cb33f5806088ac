/** What a token's hits are worth where the golden vectors do not tell. */
import { expect, test } from 'vitest';
import { probabilityFor, type ProbabilityOptions } from '../../../src/classifier/dspam/probability.ts';

const options: ProbabilityOptions = { pValue: 'bcr', bias: true, sedation: 5, untilMature: false };

function probability(
  [spam, innocent]: readonly [number, number],
  [spamLearned, innocentLearned]: readonly [number, number],
  more: Partial<ProbabilityOptions> = {},
): number {
  const totals = { spamLearned, innocentLearned, spamClassified: 0, innocentClassified: 0 };
  return probabilityFor(totals, { ...options, ...more })('a', { spam, innocent });
}

test.each([
  [[6, 0], 0.99],
  [[0, 6], 0.01],
  [[4, 0], 0.4],
  [[6, 6], 0.4],
] as const)('%j hits, while one class only was learned, are %d', (hits, expected) => {
  expect(probability(hits, hits[0] > 0 ? [9, 0] : [0, 9], { sedation: 0 })).toBe(expected);
});

test('sedation asks for more hits the more spam there is', () => {
  const asked = (totals: readonly [number, number], more?: Partial<ProbabilityOptions>): number => {
    let hits = 0;
    while (probability([hits, 0], totals, more) === 0.4) hits++;
    return hits;
  };
  expect(asked([100, 100])).toBe(5);
  expect(asked([500, 99])).toBe(5 + 2 + 5 * 2);
  // 60 % of the mail is spam: 5 times 60 / 20.
  expect(asked([1800, 1200])).toBe(5 + 2 + 15);
  // 55 %: 5 times 2.75 is 13.
  expect(asked([1650, 1350])).toBe(5 + 2 + 13);
  expect(asked([1650, 1350], { untilMature: true })).toBe(20);
  expect(asked([3000, 2500])).toBe(5);
  expect(asked([500, 99], { sedation: 0 })).toBe(5);
});
