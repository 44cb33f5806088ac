/**
 * Reliability: whether a told probability is one. Of the messages that were called spam with a probability of about p, the
 * share p should be spam.
 */
import type { Judged } from './figures.ts';
import { inHundred } from './roc.ts';

/** A message with the probability of spam that was told, 0 to 1. */
export interface Told extends Judged {
  readonly probability: number;
}

/** The messages of which about the same was told; probabilities and shares run from 0 to 1. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly messages: number;
  /** The mean of what was told; NaN without messages, as `observed`. */
  readonly told: number;
  /** The share that was spam. */
  readonly observed: number;
  /** Between which two shares the true one lies in 95 of 100 cases (Wilson's interval of a binomial share). */
  readonly low: number;
  readonly high: number;
}

/** The bins are of even width. */
const binCount = 10;

/** A bin with fewer messages shows chance rather than the filter: their 95 % interval would be wider than ± 10 points. */
const enough = 100;

/** The bins of a number of judgements, in any order; the lowest first, all of them. */
export function reliabilityBins(told: readonly Told[]): Bin[] {
  const sums = Array.from({ length: binCount }, () => ({ messages: 0, told: 0, spam: 0 }));
  for (const { probability, spam } of told) {
    const sum = sums[Math.min(binCount - 1, Math.floor(probability * binCount))];
    if (sum === undefined) throw new RangeError(`A probability runs from 0 to 1, not ${probability}.`);
    sum.messages++;
    sum.told += probability;
    sum.spam += spam ? 1 : 0;
  }
  return sums.map(({ messages, told, spam }, at) => ({
    from: at / binCount,
    to: (at + 1) / binCount,
    messages,
    told: told / messages,
    observed: spam / messages,
    ...interval(spam, messages),
  }));
}

/**
 * The largest distance between told and observed, in percentage points, over the bins of at least 100 messages; NaN if there is
 * none.
 */
export function reliabilityPercent(bins: readonly Bin[]): number {
  const distances = bins
    .filter(({ messages }) => messages >= enough)
    .map(({ told, observed }) => Math.abs(told - observed));
  return distances.length === 0 ? NaN : inHundred(Math.max(...distances));
}

function interval(count: number, of: number): { low: number; high: number } {
  const z = 1.96;
  const middle = (count + (z * z) / 2) / (of + z * z);
  const spread = (z * Math.sqrt((count * (of - count)) / of + (z * z) / 4)) / (of + z * z);
  return { low: Math.max(0, middle - spread), high: Math.min(1, middle + spread) };
}
