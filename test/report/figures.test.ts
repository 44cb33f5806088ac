import { describe, expect, test } from 'vitest';
import { figures, logisticAverage, type Judged } from '../../src/report/figures.ts';

/** Messages with the threshold 0. */
function judged(ham: readonly number[], spam: readonly number[]): Judged[] {
  return [
    ...ham.map((score) => ({ spam: false, score, judgedSpam: score > 0 })),
    ...spam.map((score) => ({ spam: true, score, judgedSpam: score > 0 })),
  ];
}

describe('the figures', () => {
  test('of a small case are those computed by hand', () => {
    // Pairs in which ham is higher: (2, 1), (2, -1); ties: (-1, -1) half. 2.5 of 4 * 3.
    const result = figures(judged([-3, -2, -1, 2], [-1, 1, 3]));
    expect(result).toMatchObject({ messages: 7, ham: 4, spam: 3, hamErrorPercent: 25 });
    expect(result.oneMinusRocaPercent).toBeCloseTo(250 / 12, 10);
    expect(result.spamErrorPercent).toBeCloseTo(100 / 3, 10);
    // Odds 1/3 and 1/2: the middle is sqrt(1/6), as a rate 0.28990.
    expect(result.lamPercent).toBeCloseTo(28.99, 2);
    expect(result.spamMissedAtHamPoint1Percent).toBeCloseTo(200 / 3, 10);
  });

  test('of a perfect filter are zero but for lam %', () => {
    const result = figures(judged([-2, -1, -1], [1, 2]));
    expect(result).toMatchObject({
      oneMinusRocaPercent: 0,
      hamErrorPercent: 0,
      spamErrorPercent: 0,
      spamMissedAtHamPoint1Percent: 0,
    });
    // Rates 0.5/4 and 0.5/3: odds 1/7 and 1/5, the middle sqrt(1/35).
    expect(result.lamPercent).toBeCloseTo(100 / (1 + Math.sqrt(35)), 10);
  });

  test('of one score for all say that nothing is known', () => {
    expect(figures(judged([5, 5, 5], [5, 5]))).toMatchObject({
      oneMinusRocaPercent: 50,
      spamMissedAtHamPoint1Percent: 100,
    });
  });

  test('go by the verdict for errors, not by the score', () => {
    const verdicts = judged([-1], [1]).map((message) => ({ ...message, judgedSpam: !message.judgedSpam }));
    expect(figures(verdicts)).toMatchObject({
      hamErrorPercent: 100,
      spamErrorPercent: 100,
      oneMinusRocaPercent: 0,
    });
  });

  test('do not depend on the order', () => {
    const messages = judged([-3, -2, -1, 2, 2, 0], [-1, 1, 3, 2]);
    expect(figures(messages.toReversed())).toEqual(figures(messages));
  });

  test('take infinite scores, and refuse NaN', () => {
    expect(figures(judged([-Infinity, Infinity], [Infinity]))).toMatchObject({ oneMinusRocaPercent: 25 });
    expect(() => figures(judged([0, NaN], [1]))).toThrow(RangeError);
    expect(() => figures(judged([], [NaN]))).toThrow(RangeError);
  });

  test('that need a class which is missing are NaN, and null in JSON', () => {
    expect(figures(judged([-1], []))).toMatchObject({
      hamErrorPercent: 0,
      spamErrorPercent: NaN,
      oneMinusRocaPercent: NaN,
      lamPercent: NaN,
      spamMissedAtHamPoint1Percent: NaN,
    });
    expect(figures(judged([], [1])).spamMissedAtHamPoint1Percent).toBeNaN();
    expect(JSON.parse(JSON.stringify(figures([])))).toMatchObject({ messages: 0, lamPercent: null });
  });
});

describe('spam missed at 0.1 % of ham', () => {
  const ham = Array.from({ length: 2000 }, (_, at) => -1 - at);

  test('may lose one ham message in a thousand, and no more', () => {
    expect(figures(judged(ham.slice(0, 999), [-1, 1])).spamMissedAtHamPoint1Percent).toBe(50);
    expect(figures(judged(ham.slice(0, 1000), [-1, 1])).spamMissedAtHamPoint1Percent).toBe(0);
    expect(figures(judged(ham, [-2, -2.5, -3, 1])).spamMissedAtHamPoint1Percent).toBe(25);
  });

  test('misses spam that ties with ham which must not be lost', () => {
    const tied = ham.map((score, at) => (at < 3 ? 0 : score));
    expect(figures(judged(tied, [0, 0, 1, 1])).spamMissedAtHamPoint1Percent).toBe(50);
  });
});

describe('the logistic average', () => {
  test('is the middle of the log odds', () => {
    expect(logisticAverage({ wrong: 1, of: 1000 }, { wrong: 1, of: 1000 })).toBeCloseTo(0.001, 12);
    expect(logisticAverage({ wrong: 32, of: 4150 }, { wrong: 158, of: 1896 })).toBeCloseTo(0.0259, 4);
  });

  test('of the same errors grows with each error, from none to all', () => {
    const averages = Array.from({ length: 11 }, (_, wrong) =>
      logisticAverage({ wrong, of: 10 }, { wrong, of: 10 }),
    );
    expect([...averages].sort((a, b) => a - b)).toEqual(averages);
    expect(averages[0]).toBeCloseTo(0.5 / 11, 12);
    expect(averages[10]).toBeCloseTo(10.5 / 11, 12);
  });
});
