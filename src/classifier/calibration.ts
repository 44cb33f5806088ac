/**
 * From a score in log odds to what a person can use: a decision, a probability that is one, a confidence.
 *
 * While little is known the threshold is cautious, because a lost ham costs more than a missed spam: with m messages of the rarer
 * class learned it starts at 4 and falls to 0 with (m/300)^2. The probability is that of the score above the
 * threshold, so that "spam" and "probability above 0.5" are the same.
 */

/** A decision with its probability. */
export interface Calibrated {
  readonly spam: boolean;
  /** Log odds above the threshold; spam if positive. */
  readonly score: number;
  /** Of spam, 0 to 1. */
  readonly probability: number;
  /** 0: at the threshold, or nothing is known; 1: certain. */
  readonly confidence: number;
}

const cautious = 4;
const settled = 300;
const temperature = 2;

/** Decides. `spamLearned` and `innocentLearned`: how many messages of each class the user has taught. */
export function calibrated(score: number, spamLearned: number, innocentLearned: number): Calibrated {
  const fewer = Math.max(0, Math.min(spamLearned, innocentLearned));
  const above = score - cautious / (1 + (fewer / settled) ** 2);
  const probability = 1 / (1 + Math.exp(-above / temperature));
  const known = (spamLearned + innocentLearned) / (spamLearned + innocentLearned + 5);
  return {
    spam: above > 0,
    score: above,
    probability,
    confidence: Math.abs(2 * probability - 1) * Math.max(0, known),
  };
}
