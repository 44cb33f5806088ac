/** Evidence for tests: a number of features of each kind, and what is known of them. */
import fc from 'fast-check';
import type { Evidence } from '../../src/classifier/evidence.ts';

/** How many features of each kind a message has. */
export interface Counts {
  readonly header: number;
  readonly facts: number;
  readonly text: number;
  readonly aside?: number;
  /** 1, or none. */
  readonly sender?: number;
  readonly pairs: number;
}

/** A message of which nothing is known. */
export function blank({ header, facts, text, aside = 0, sender = 0, pairs }: Counts): Evidence {
  const length = header + facts + text + aside + sender + pairs;
  const textFrom = header + facts;
  const asideFrom = textFrom + text;
  const senderFrom = asideFrom + aside;
  const pairsFrom = senderFrom + sender;
  return {
    keys: Float64Array.from({ length }, (_, i) => i),
    values: new Int32Array(2 * length),
    ranges: {
      header: [
        { from: 0, to: header, weight: 1 },
        { from: header, to: header + (facts >> 1), weight: 3 },
        { from: header + (facts >> 1), to: textFrom, weight: 3 },
      ],
      text: { from: textFrom, to: asideFrom, weight: 1 },
      aside: { from: asideFrom, to: senderFrom, weight: 1 },
      sender: { from: senderFrom, to: pairsFrom, weight: 1 },
      pairs: { from: pairsFrom, to: length, weight: 1 },
      headerPairs: { from: pairsFrom, to: pairsFrom, weight: 1 },
      textPairs: { from: pairsFrom, to: length, weight: 1 },
    },
    trained: { spam: 0, innocent: 0 },
  };
}

/** A message as usual. */
export const usual: Counts = { header: 900, facts: 80, text: 700, pairs: 300 };

/** Evidence with the same features, apart from the first. */
export function copy(evidence: Evidence): Evidence {
  return { ...evidence, values: evidence.values.slice() };
}

/** Any evidence that learning may lead to: weights, sums of squares and counts within what is usual. */
export const anyEvidence: fc.Arbitrary<Evidence> = fc
  .record({
    counts: fc.record({
      header: fc.nat({ max: 40 }),
      facts: fc.nat({ max: 10 }),
      text: fc.nat({ max: 40 }),
      aside: fc.nat({ max: 40 }),
      sender: fc.nat({ max: 1 }),
      pairs: fc.nat({ max: 40 }),
    }),
    spam: fc.nat({ max: 10_000 }),
    innocent: fc.nat({ max: 10_000 }),
    values: fc.array(fc.tuple(fc.integer({ min: -2000, max: 2000 }), fc.nat({ max: 100_000 })), {
      minLength: 171,
      maxLength: 171,
    }),
  })
  .map(({ counts, spam, innocent, values }) => {
    const evidence = blank(counts);
    const { from } = evidence.ranges.sender;
    for (let i = 0; i < evidence.keys.length; i++) {
      const [a, b] = values[i] ?? [0, 0];
      evidence.values[2 * i] = i < from ? a : Math.abs(a);
      evidence.values[2 * i + 1] = i < from ? b : b % 2000;
    }
    evidence.trained = { spam, innocent };
    return evidence;
  });
