import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/report/random.ts';
import {
  confidenceInterval,
  misrankedShare,
  rankedGroups,
  rocPoints,
  spamMissedAt,
  type Scored,
} from '../../src/report/roc.ts';

/** Scores with many ties, at least one message of each class. */
const corpus: fc.Arbitrary<Scored[]> = fc
  .array(fc.record({ spam: fc.boolean(), score: fc.integer({ min: -8, max: 8 }) }), { maxLength: 60 })
  .map((scored) => [...scored, { spam: false, score: -1 }, { spam: true, score: 1 }]);

function scores(scored: readonly Scored[], spam: boolean): number[] {
  return scored.filter((message) => message.spam === spam).map(({ score }) => score);
}

test('groups hold equal scores, from high to low', () => {
  const scored = [2, -1, 2, 0, -0].map((score, at) => ({ spam: at % 2 === 0, score }));
  expect(rankedGroups(scored)).toEqual([
    { score: 2, ham: 0, spam: 2 },
    { score: 0, ham: 1, spam: 1 },
    { score: -1, ham: 1, spam: 0 },
  ]);
});

test('the area is the share of pairs in the wrong order', () => {
  fc.assert(
    fc.property(corpus, (scored) => {
      const [ham, spam] = [scores(scored, false), scores(scored, true)];
      const pairs = ham.flatMap((h) => spam.map((s): number => (h > s ? 1 : h === s ? 0.5 : 0)));
      const share = pairs.reduce((sum, pair) => sum + pair, 0) / pairs.length;
      expect(misrankedShare(rankedGroups(scored))).toBeCloseTo(share, 12);
    }),
  );
});

test('the spam missed is that of the best threshold of all', () => {
  fc.assert(
    fc.property(corpus, fc.nat(5), (scored, hamToLose) => {
      const [ham, spam] = [scores(scored, false), scores(scored, true)];
      const thresholds = [Infinity, ...ham, ...spam].filter(
        (threshold) => ham.filter((score) => score >= threshold).length <= hamToLose,
      );
      const missed = thresholds.map((threshold) => spam.filter((score) => score < threshold).length);
      expect(spamMissedAt(rankedGroups(scored), hamToLose)).toBe(Math.min(...missed) / spam.length);
    }),
  );
});

describe('the curve', () => {
  test('begins with nothing, ends with everything, and never falls', () => {
    fc.assert(
      fc.property(corpus, (scored) => {
        const points = rocPoints(rankedGroups(scored));
        expect(points[0]).toEqual({ threshold: Infinity, hamLost: 0, spamCaught: 0 });
        expect(points.at(-1)).toMatchObject({ hamLost: 1, spamCaught: 1 });
        for (const [at, point] of points.slice(1).entries()) {
          expect(point.threshold).toBeLessThan(points[at]?.threshold ?? NaN);
          expect(point.hamLost).toBeGreaterThanOrEqual(points[at]?.hamLost ?? NaN);
          expect(point.spamCaught).toBeGreaterThanOrEqual(points[at]?.spamCaught ?? NaN);
        }
      }),
    );
  });

  test('has points that are true at their threshold', () => {
    fc.assert(
      fc.property(corpus, (scored) => {
        const [ham, spam] = [scores(scored, false), scores(scored, true)];
        for (const { threshold, hamLost, spamCaught } of rocPoints(rankedGroups(scored))) {
          expect(hamLost).toBe(ham.filter((score) => score >= threshold).length / ham.length);
          expect(spamCaught).toBe(spam.filter((score) => score >= threshold).length / spam.length);
        }
      }),
    );
  });

  test('stays small for many messages, and keeps the first ham lost', () => {
    const random = new Random(5);
    const scored = Array.from({ length: 50_000 }, (_, at) => ({
      spam: at % 2 === 0,
      score: random.fraction() + (at % 2 === 0 ? 0.5 : 0),
    }));
    const points = rocPoints(rankedGroups(scored));
    expect(points.length).toBeGreaterThan(100);
    expect(points.length).toBeLessThan(1000);
    expect(points.some(({ hamLost }) => hamLost === 1 / 25_000)).toBe(true);
  });

  test('of nothing is one point of NaN', () => {
    expect(rocPoints([])).toEqual([{ threshold: Infinity, hamLost: NaN, spamCaught: NaN }]);
  });
});

describe('the spread', () => {
  const scored = Array.from({ length: 400 }, (_, at) => ({ spam: at % 2 === 0, score: (at * 37) % 101 }));
  const groups = rankedGroups(
    scored.map((message) => ({ ...message, score: message.score + (message.spam ? 60 : 0) })),
  );

  test('is the same for a seed', () => {
    expect(confidenceInterval(groups, new Random(1))).toEqual(confidenceInterval(groups, new Random(1)));
  });

  test('lies around the figure, as wide as the theory of Hanley and McNeil says', () => {
    const share = misrankedShare(groups);
    const { low, high } = confidenceInterval(groups, new Random(2));
    expect(low).toBeLessThan(share * 100);
    expect(high).toBeGreaterThan(share * 100);
    const area = 1 - share;
    const [one, two] = [area / (2 - area), (2 * area ** 2) / (1 + area)];
    const variance = (area * share + 199 * (one - area ** 2) + 199 * (two - area ** 2)) / 200 ** 2;
    const width = 2 * 1.96 * Math.sqrt(variance) * 100;
    expect((high - low) / width).toBeGreaterThan(0.75);
    expect((high - low) / width).toBeLessThan(1.25);
  });

  test('of a perfect filter is nothing, and NaN without both classes', () => {
    const perfect = rankedGroups(scored.map(({ spam }) => ({ spam, score: spam ? 1 : 0 })));
    expect(confidenceInterval(perfect, new Random(3))).toEqual({ low: 0, high: 0 });
    expect(confidenceInterval(rankedGroups([{ spam: true, score: 1 }]), new Random(3))).toEqual({
      low: NaN,
      high: NaN,
    });
  });
});
