/**
 * From a score in log odds to what a person can use: a decision, a probability that is one, a confidence.
 *
 * The score counts the less the less is known: of this message (the share of its header's features never seen) and
 * altogether (n messages). A lost ham costs more than a missed spam, so the sum must exceed 1, and more while little is
 * known: 1 + 5 / (1 + m / 100) with m messages of the rarer class learned. So a message can be innocent though its
 * probability of spam is above one half, as with DSPAM.
 */
import type { Scores } from './classifier.ts';

/** A decision with its probability. */
export interface Calibrated {
  readonly spam: boolean;
  /** Log odds of spam, by how much is known; comparable between messages. */
  readonly score: number;
  /** What the learners' sum must exceed for spam, in log odds. */
  readonly threshold: number;
  /** Of spam, 0 to 1. */
  readonly probability: number;
  /** How far from the threshold: 0 at it, or where nothing is known; 1 is certain. */
  readonly confidence: number;
}

const least = 1;
const caution = 5;
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
  const threshold = least + caution / (1 + Math.min(spam, innocent) / settled);
  const certainty = ((1 - (1 - known) ** 2) * (spam + innocent)) / (spam + innocent + fewMessages);
  const score = total * certainty;
  const above = (total - threshold) * certainty;
  return {
    spam: above > 0,
    score,
    threshold,
    probability: sigmoid(score / temperature),
    confidence: Math.abs(2 * sigmoid(above / temperature) - 1),
  };
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
