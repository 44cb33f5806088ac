import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  learn,
  scoresOf,
  unlearn,
  weightsOf,
  type Lesson,
  type Round,
} from '../../src/classifier/classifier.ts';
import type { Evidence } from '../../src/classifier/evidence.ts';
import { asMessage, logisticLearn, logisticScore, logisticUnlearn } from '../../src/classifier/logistic.ts';
import { anyEvidence, blank, copy, usual } from './evidence.ts';

const told: Omit<Lesson, 'spam'> = { belief: 1, correction: false };
const lesson: fc.Arbitrary<Lesson> = fc.record({
  spam: fc.boolean(),
  belief: fc.constantFrom(0.1, 0.25, 0.5, 1),
  correction: fc.boolean(),
});

describe('learning', () => {
  test('can be taken back exactly, last first', () => {
    fc.assert(
      fc.property(anyEvidence, fc.array(lesson, { maxLength: 5 }), (evidence, lessons) => {
        const before = copy(evidence);
        const done: [Lesson, Round[]][] = [];
        for (const one of lessons) done.push([one, learn(evidence, one)]);
        for (const [{ spam }, rounds] of done.toReversed()) unlearn(evidence, spam, rounds);
        expect(evidence).toEqual(before);
      }),
    );
  });

  test('of one step of the logistic learner can be taken back exactly', () => {
    const range = fc.nat({ max: 20 }).map((to) => [{ from: 0, to, weight: 2 }]);
    fc.assert(
      fc.property(
        anyEvidence,
        range,
        fc.integer({ min: -400_000, max: 400_000 }),
        ({ values }, ranges, gradient) => {
          const before = values.slice();
          logisticLearn(values, ranges, gradient);
          if (Math.abs(gradient) > 4096 && (ranges[0]?.to ?? 0) > 0 && values.length > 0)
            expect(values).not.toEqual(before);
          logisticUnlearn(values, ranges, gradient);
          expect(values).toEqual(before);
        },
      ),
    );
  });

  test('moves the score towards the class', () => {
    fc.assert(
      fc.property(anyEvidence, fc.boolean(), (evidence, spam) => {
        const before = scoresOf(evidence).total;
        const { header, text } = evidence.ranges;
        const raw = (): number => logisticScore(evidence.values, [...header, text]);
        const rawBefore = raw();
        const rounds = learn(evidence, { ...told, spam });
        const side = spam ? 1 : -1;
        expect(side * (raw() - rawBefore)).toBeGreaterThanOrEqual(-1e-9);
        if (rounds.length === 0) expect(scoresOf(evidence).total).toBe(before);
      }),
    );
  });

  test('stops at the gate: what is sure already writes nothing', () => {
    const evidence = blank(usual);
    let lessons = 0;
    while (learn(evidence, { ...told, spam: true }).length > 0) lessons++;
    expect(lessons).toBeGreaterThan(0);
    expect(lessons).toBeLessThan(100);
    const sure = copy(evidence);
    expect(learn(evidence, { spam: true, belief: 1, correction: true })).toEqual([]);
    expect(evidence).toEqual(sure);
    expect(learn(evidence, { ...told, spam: false })).toHaveLength(1);
  });

  test('of a correction is repeated until it is right, three times at most', () => {
    const correction = { spam: true, belief: 1, correction: true };
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const rounds = learn(evidence, correction);
        expect(rounds.length).toBeLessThanOrEqual(3);
        if (rounds.length > 0 && rounds.length < 3) expect(scoresOf(evidence).total).toBeGreaterThan(1);
      }),
    );
    const wrong = blank({ ...usual, header: 100, facts: 5 });
    for (let n = 0; n < 3; n++) learn(wrong, { ...told, spam: false });
    expect(learn(wrong, correction).length).toBeGreaterThan(1);
  });

  test('believes the less the less it is told', () => {
    const moved = (belief: number): number => {
      const evidence = blank(usual);
      learn(evidence, { spam: true, belief, correction: false });
      return scoresOf(evidence).total;
    };
    expect(moved(0.1)).toBeGreaterThan(0);
    expect(moved(0.1)).toBeLessThan(moved(0.5));
    expect(moved(0.5)).toBeLessThan(moved(1));
  });

  test('doubts a label that is far from the judgement', () => {
    const sure = blank(usual);
    while (learn(sure, { ...told, spam: true }).length > 0);
    const unsure = blank(usual);
    const gradient = (evidence: typeof sure): number =>
      Math.abs(learn(evidence, { ...told, spam: false })[0]?.header ?? 0);
    expect(gradient(sure)).toBeLessThan(gradient(unsure));
  });

  test('of a text of one word, for years, keeps to what a record holds', () => {
    const evidence = blank({ header: 0, facts: 0, text: 1, pairs: 0 });
    for (let n = 0; n < 5000; n++) {
      const squares = evidence.values[1] ?? 0;
      learn(evidence, { ...told, spam: n % 2 === 0 });
      expect(evidence.values[1] ?? 0).toBeGreaterThanOrEqual(squares);
      expect(Math.abs(scoresOf(evidence).total)).toBeLessThanOrEqual(10);
    }
  });
});

describe('scores', () => {
  test('keep to their bounds: the text argues for innocent by 3 at most', () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const { header, text, pairs, sender, prior, total, known } = scoresOf(evidence);
        expect(Math.abs(header)).toBeLessThanOrEqual(10);
        expect(text).toBeLessThanOrEqual(10);
        expect(text).toBeGreaterThanOrEqual(-3);
        expect(Math.abs(pairs)).toBeLessThanOrEqual(5);
        expect(Math.abs(sender)).toBeLessThanOrEqual(2);
        expect(total).toBeCloseTo(header + text + pairs + sender + prior, 9);
        expect(known).toBeGreaterThanOrEqual(0);
        expect(known).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('of a message of which nothing is known, or that has nothing, are 0', () => {
    for (const counts of [usual, { header: 0, facts: 0, text: 0, sender: 1, pairs: 0 }]) {
      expect(scoresOf(blank(counts))).toEqual({
        header: 0,
        text: 0,
        pairs: 0,
        sender: 0,
        prior: 0,
        total: 0,
        known: 0,
      });
    }
  });

  test('of ham pasted around spam are those of the spam, less a toll', () => {
    const score = (...passages: readonly (readonly [length: number, weight: number])[]): number => {
      const weights = passages.flatMap(([length, weight]) => Array<number>(length).fill(weight));
      const evidence = blank({ header: 0, facts: 0, text: weights.length, pairs: 0 });
      for (const [i, weight] of weights.entries()) evidence.values[2 * i] = weight;
      return scoresOf(evidence).text;
    };
    const spam = score([1000, 100]);
    const pastedBefore = score([1000, -100], [1000, 100]);
    expect(spam).toBeGreaterThan(6);
    expect(pastedBefore).toBeLessThan(spam);
    expect(pastedBefore).toBeGreaterThan(spam - 4.5);
    expect(score([1000, 100], [1000, -100])).toBe(pastedBefore);
    expect(score([500, -100], [1000, 100], [500, -100])).toBe(pastedBefore);
    // Some words of spam in ham are no passage.
    expect(score([1000, -100], [50, 100], [1000, -100])).toBeLessThan(-2);
    expect(score([2000, -100])).toBeLessThan(-2);
  });

  test('of what few readers see count in the place of the text, less a toll, where they argue more for spam', () => {
    const evidence = (text: number, aside: number): Evidence => {
      const made = blank({ header: 0, facts: 0, text: 1000, aside: 1000, pairs: 0 });
      for (let i = 0; i < 2000; i++) made.values[2 * i] = i < 1000 ? text : aside;
      return made;
    };
    const text = (...weights: [number, number]): number => scoresOf(evidence(...weights)).text;
    expect(text(-100, 0)).toBeLessThan(text(-100, 50));
    expect(text(100, -100)).toBe(text(100, 0));
    expect(text(-100, 50)).toBeGreaterThan(text(50, 0) - 1.1);
    expect(text(-100, 50)).toBeLessThan(text(50, 0));
    // The text argues for innocent by the toll at most where there is something of which nothing is known.
    expect(text(-100, 0)).toBeCloseTo(-1, 1);
    expect(text(-100, -100)).toBeLessThan(-2);
    // Who is told otherwise learns it of what decided.
    const wrong = evidence(-5, 200);
    learn(wrong, { spam: false, belief: 1, correction: true });
    expect(scoresOf(wrong).text).toBeLessThan(text(-5, 200));
    expect(
      weightsOf(evidence(-5, 200))
        .subarray(1000, 2000)
        .every((weight) => weight > 0),
    ).toBe(true);
    expect(
      weightsOf(evidence(100, 50))
        .subarray(1000, 2000)
        .every((weight) => weight === 0),
    ).toBe(true);
  });

  test('let what the text looks like argue for spam as it does, for innocent by half a unit', () => {
    const header = (made: number, said: number): number => {
      const evidence = blank({ header: 900, facts: 40, text: 0, pairs: 0 });
      for (let i = 900; i < 940; i++) evidence.values[2 * i] = i < 920 ? made : said;
      return scoresOf(evidence).header;
    };
    expect(header(0, 1000)).toBeCloseTo(header(1000, 0), 9);
    expect(header(-1000, 0)).toBeLessThan(-3);
    expect(header(0, -1000)).toBeGreaterThanOrEqual(-0.5);
    expect(header(0, -1000)).toBeLessThan(-0.45);
  });

  test('of a sender are the odds of what has come from there, two units at most', () => {
    const sender = (spam: number, innocent: number): number => {
      const evidence = blank({ header: 0, facts: 0, text: 0, sender: 1, pairs: 0 });
      evidence.values.set([4 * spam, 4 * innocent]);
      return scoresOf(evidence).sender;
    };
    expect(sender(0, 0)).toBe(0);
    expect(sender(7, 7)).toBe(0);
    expect(sender(1, 0)).toBeCloseTo(2 * Math.tanh(Math.log(3) / 2), 9);
    expect(sender(0, 1)).toBeCloseTo(-sender(1, 0), 9);
    expect(sender(3, 1)).toBeGreaterThan(0);
    expect(sender(3, 1)).toBeLessThan(sender(3, 0));
    expect(sender(0, 1000)).toBeGreaterThan(-2.001);
    expect(scoresOf(blank(usual)).sender).toBe(0);
  });

  test('tell a correspondent from a stranger who writes the same', () => {
    const known = blank({ ...usual, sender: 1 });
    const stranger = blank({ ...usual, sender: 1 });
    for (const evidence of [known, stranger]) learn(evidence, { ...told, spam: false });
    const { from } = stranger.ranges.sender;
    expect([...known.values.subarray(2 * from, 2 * from + 2)]).toEqual([0, 4]);
    stranger.values.fill(0, 2 * from, 2 * from + 2);
    expect(scoresOf(known).total).toBeLessThan(scoresOf(stranger).total - 0.9);
  });

  test('do not know a sender from what the filter only believed', () => {
    const evidence = blank({ ...usual, sender: 1 });
    const before = copy(evidence);
    const rounds = learn(evidence, { spam: true, belief: 0.35, correction: false });
    expect(scoresOf(evidence).total).toBeGreaterThan(0);
    expect(scoresOf(evidence).sender).toBe(0);
    unlearn(evidence, true, rounds);
    expect(evidence).toEqual(before);
  });

  test('of a known sender do not keep a message from being learned', () => {
    const evidence = blank({ ...usual, sender: 1 });
    const { from } = evidence.ranges.sender;
    while (learn(evidence, { ...told, spam: true }).length > 0);
    evidence.values[2 * from] = 0;
    const { total, sender } = scoresOf(evidence);
    expect(sender).toBe(0);
    expect(total).toBeGreaterThan(9.5);
    // Another message of which as much is known, but nothing beside a good sender.
    const sure = copy(evidence);
    sure.values.fill(0, 0, 2 * from);
    sure.values[2 * from + 1] = 4000;
    expect(scoresOf(sure).sender).toBeLessThan(-1.9);
    expect(learn(sure, { ...told, spam: false })).toHaveLength(1);
  });

  test('are the sum of what each feature adds, before the bounds', () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const { header, text, aside, sender } = evidence.ranges;
        const weights = weightsOf(evidence);
        const sumOf = (from: number, to: number): number =>
          weights.subarray(from, to).reduce((one, other) => one + other, 0);
        const sum = sumOf(0, text.to);
        const apart = asMessage(evidence.values, aside);
        expect([0, apart].some((one) => Math.abs(one - sumOf(aside.from, aside.to)) < 1e-6)).toBe(true);
        const expected = logisticScore(evidence.values, header) + logisticScore(evidence.values, [text]);
        expect(sum).toBeCloseTo(expected, 6);
        const counted = [...weights.subarray(sender.from, sender.to)];
        for (const weight of counted)
          expect(2 * Math.tanh(weight / 2)).toBeCloseTo(scoresOf(evidence).sender, 9);
      }),
    );
  });
});
