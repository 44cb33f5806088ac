import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calibrated } from '../../src/classifier/calibration.ts';

describe('a decision', () => {
  const scores = { header: 0, text: 0, pairs: 0, sender: 0, prior: 0 };
  const real = { min: -25, max: 25, noNaN: true };

  test('is spam only where the probability says so, and both rise with the score', () => {
    const count = fc.record({ spam: fc.nat({ max: 5000 }), innocent: fc.nat({ max: 5000 }) });
    const known = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.double(real),
        fc.double(real),
        known,
        count,
        fc.integer({ min: 1, max: 1000 }),
        (one, other, share, taught, cost) => {
          const [low, high] = [one, other]
            .sort((a, b) => a - b)
            .map((total) => calibrated({ ...scores, total, known: share }, taught, cost));
          if (low === undefined || high === undefined) throw new Error('two scores');
          for (const { probability, confidence } of [low, high]) {
            expect(probability).toBeGreaterThanOrEqual(0);
            expect(probability).toBeLessThanOrEqual(1);
            expect(confidence).toBeGreaterThanOrEqual(0);
            expect(confidence).toBeLessThanOrEqual(1);
          }
          expect(high.probability).toBeGreaterThanOrEqual(low.probability);
          expect(high.score).toBeGreaterThanOrEqual(low.score);
          if (low.spam) expect(high.spam).toBe(true);
          if (low.spam) expect(low.probability).toBeGreaterThan(0.999 * (cost / (cost + 1)));
          else expect(low.probability).toBeLessThan(1.001 * (cost / (cost + 1)));
        },
      ),
    );
  });

  test('is innocent and without confidence where nothing is known', () => {
    const nothing = calibrated({ ...scores, total: 0, known: 0 }, { spam: 0, innocent: 0 }, 10);
    expect(nothing).toMatchObject({ spam: false, confidence: 0, probability: 0.5 });
  });

  test('is cautious while little has been taught', () => {
    const doubtful = { ...scores, total: 4, known: 1 };
    const many = { spam: 1000, innocent: 1000 };
    expect(calibrated(doubtful, { spam: 10, innocent: 10 }, 10).spam).toBe(false);
    expect(calibrated(doubtful, many, 10).spam).toBe(true);
    expect(calibrated(doubtful, many, 100).spam).toBe(false);
    // Much spam teaches nothing of ham. The score stays as it is, so that messages can be compared.
    const oneSided = calibrated(doubtful, { spam: 1980, innocent: 20 }, 10);
    expect(oneSided.spam).toBe(false);
    expect(oneSided.score).toBe(calibrated(doubtful, many, 10).score);
  });
});
