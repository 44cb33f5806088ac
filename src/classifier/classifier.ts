/**
 * The learners together: three that fail differently, each bounded, summed in log odds.
 *
 * - header grams and text grams (grams.ts): robust to spelling tricks, quick to learn;
 * - word pairs over both (pairs.ts): explainable, immune to salads of good words.
 *
 * The bounds are the defence: no learner alone can outshout the others, and what the text says can argue for "innocent" by at most
 * {@link bounds.goodText}, because the sender writes the text. Learning happens on errors and near errors only (the gate), so that most messages
 * write nothing.
 */
import type { Evidence } from './evidence.ts';
import { gradientOf, gramLearn, gramScore, gramUnlearn, type Gradient } from './grams.ts';
import { pairCount, pairScore, pairWeight } from './pairs.ts';

/** The most that each learner's log odds may weigh. */
const bounds = { learner: 10, goodText: 2, pairWeight: 0.5 } as const;

/** A message is learned while its score argues for its class by no more than this. */
const gate = 10;

/** A correction is repeated until the score argues for its class by this much … */
const corrected = 1;
/** … but so many times at most. */
const mostRounds = 3;

/** The pairs of a message are counted again while they argue for the wrong class, so many times at most. */
const mostCounts = 10;

/** What each learner makes of a message, bounded, in log odds of spam; `total` is their sum. */
export interface Scores {
  readonly header: number;
  readonly text: number;
  readonly pairs: number;
  readonly total: number;
}

/** One round of learning, kept so that it can be taken back. */
export interface Round {
  readonly header: Gradient;
  readonly text: Gradient;
  /** How often the pairs were counted. */
  readonly pairs: number;
}

/** Judges a message by its evidence. */
export function scoresOf(evidence: Evidence): Scores {
  const raw = rawScores(evidence);
  const header = bounded(raw.header);
  const text = raw.text < 0 ? bounded(raw.text, bounds.goodText) : bounded(raw.text);
  const pairs = bounds.pairWeight * bounded(raw.pairs);
  return { header, text, pairs, total: header + text + pairs };
}

/**
 * Learns a message: changes the evidence's values and counts, and tells what it did. An empty list: the message was far on its
 * side of the gate already.
 *
 * @param correction Whether a person says that the judgement was wrong: then it is repeated until it is right.
 */
export function learn(evidence: Evidence, spam: boolean, correction: boolean): Round[] {
  const rounds: Round[] = [];
  const side = spam ? 1 : -1;
  if (side * scoresOf(evidence).total > gate) return rounds;
  do {
    rounds.push(learnOnce(evidence, spam));
  } while (correction && rounds.length < mostRounds && side * scoresOf(evidence).total <= corrected);
  return rounds;
}

/** Takes back what {@link learn} did, last round first. */
export function unlearn(evidence: Evidence, spam: boolean, rounds: readonly Round[]): void {
  const { values, textFrom, pairsFrom } = evidence;
  for (const round of rounds.toReversed()) {
    gramUnlearn(values, 0, textFrom, round.header);
    gramUnlearn(values, textFrom, pairsFrom, round.text);
    count(evidence, spam, -round.pairs);
  }
}

/** What each feature adds to its learner's score before the bound, in log odds of spam, in the evidence's order. */
export type Weights = Float64Array;

/** The weights of all features of a message. */
export function weightsOf({ keys, values, textFrom, pairsFrom, trained }: Evidence): Weights {
  const weights = new Float64Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    if (i < textFrom) weights[i] = gramScore(values, i, i + 1, textFrom);
    else if (i < pairsFrom) weights[i] = gramScore(values, i, i + 1, pairsFrom - textFrom);
    else weights[i] = bounds.pairWeight * pairWeight(values[2 * i] ?? 0, values[2 * i + 1] ?? 0, trained);
  }
  return weights;
}

function learnOnce(evidence: Evidence, spam: boolean): Round {
  const { values, textFrom, pairsFrom } = evidence;
  const raw = rawScores(evidence);
  const header = gradientOf(raw.header, spam, textFrom);
  const text = gradientOf(raw.text, spam, pairsFrom - textFrom);
  gramLearn(values, 0, textFrom, header);
  gramLearn(values, textFrom, pairsFrom, text);
  let pairs = 0;
  do {
    count(evidence, spam, 1);
    pairs++;
  } while (pairs <= mostCounts && (spam ? 1 : -1) * rawScores(evidence).pairs <= 0);
  return { header, text, pairs };
}

function count(evidence: Evidence, spam: boolean, times: number): void {
  pairCount(evidence.values, evidence.pairsFrom, evidence.keys.length, spam, times);
  const { trained } = evidence;
  evidence.trained = {
    spam: trained.spam + (spam ? times : 0),
    innocent: trained.innocent + (spam ? 0 : times),
  };
}

function rawScores({ values, textFrom, pairsFrom, keys, trained }: Evidence): Omit<Scores, 'total'> {
  return {
    header: gramScore(values, 0, textFrom),
    text: gramScore(values, textFrom, pairsFrom),
    pairs: pairScore(values, pairsFrom, keys.length, trained),
  };
}

function bounded(score: number, bound: number = bounds.learner): number {
  return bound * Math.tanh(score / bound);
}
