/**
 * From a score in log odds to what a person can use: a decision, a probability that is one, a confidence.
 *
 * While little is known the threshold is cautious, because a lost ham costs more than a missed spam: with m messages of the rarer
 * class learned it is 6 / (1 + m / 100) above zero. What is left above it counts the less the less is known: of this
 * message (the share of its header's features never seen) and altogether (n messages).
 */
import type { Scores } from './classifier.ts';

/** A decision with its probability. */
export interface Calibrated {
  readonly spam: boolean;
  /** Log odds above the threshold; spam if positive. */
  readonly score: number;
  /** Of spam, 0 to 1; above 0.5 is spam. */
  readonly probability: number;
  /** The probability of being right less that of being wrong: 0 where nothing is known, 1 is certain. */
  readonly confidence: number;
}

const caution = 6;
const settled = 100;
const fewMessages = 5;
/** Scores argue stronger than they are right; fitted on shuffled runs over the SpamAssassin corpus. */
const temperature = 1.5;

/** Decides. `spam` and `innocent`: how many messages of each class the user has taught. */
export function calibrated(
  { total, known }: Scores,
  learned: { spam: number; innocent: number },
): Calibrated {
  const spam = Math.max(0, learned.spam);
  const innocent = Math.max(0, learned.innocent);
  const threshold = caution / (1 + Math.min(spam, innocent) / settled);
  const certainty = ((1 - (1 - known) ** 2) * (spam + innocent)) / (spam + innocent + fewMessages);
  const score = (total - threshold) * certainty;
  const probability = 1 / (1 + Math.exp(-score / temperature));
  return { spam: score > 0, score, probability, confidence: Math.abs(2 * probability - 1) };
}
