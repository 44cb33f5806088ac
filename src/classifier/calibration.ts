/**
 * From a score in log odds to what a person can use: a probability that is one, a decision, a confidence.
 *
 * The score counts the less the less is known: of this message (of its header or of its text, whichever is known better) and
 * altogether (n messages). A message is spam where that pays: a lost ham costs so many missed spams (10, if nobody says otherwise), so
 * the odds of spam must be better than that, 10 to 1; and these odds are worse than the score says while little is known of one class.
 * So a message can be innocent though its probability of spam is above one half, as with DSPAM.
 */
import type { Scores } from './classifier.ts';

/** How many messages of each class a user has taught. */
export interface Experience {
  readonly spam: number;
  readonly innocent: number;
}

/** A decision with its probability. */
export interface Calibrated {
  readonly spam: boolean;
  /** Log odds of spam, by how much is known; comparable between messages. */
  readonly score: number;
  /** What the score must exceed for spam. */
  readonly threshold: number;
  /** Of spam, 0 to 1. */
  readonly probability: number;
  /** How far from the threshold: 0 at it, or where nothing is known; 1 is certain. */
  readonly confidence: number;
}

/** With so many messages taught, the score counts half. */
const fewMessages = 10;

/**
 * How much more a score must argue for spam while little is known of one class: to who has seen twenty of each, ham of a kind
 * that is new looks like spam. Half, with so many messages of the class that has fewer. It moves the threshold, not the score.
 */
const caution = 1.5;
const cautiousMessages = 50;

/** Scores argue stronger than they are right; fitted on shuffled runs over the SpamAssassin corpus. */
const temperature = 1.5;

/**
 * Decides.
 *
 * @param hamCost How many missed spams a lost ham costs, at least 1.
 */
export function calibrated({ total, known }: Scores, taught: Experience, hamCost: number): Calibrated {
  const spam = Math.max(0, taught.spam);
  const innocent = Math.max(0, taught.innocent);
  const messages = spam + innocent;
  const certainty = ((1 - (1 - known) ** 2) * messages) / (messages + fewMessages);
  const care = (certainty * caution) / (1 + (Math.min(spam, innocent) / cautiousMessages) ** 2);
  const score = total * certainty;
  const threshold = temperature * Math.log(hamCost) + care;
  return {
    spam: score > threshold,
    score,
    threshold,
    probability: sigmoid((score - care) / temperature),
    confidence: certainty * Math.abs(2 * sigmoid((score - threshold) / temperature) - 1),
  };
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
