/**
 * The learners together: four that fail differently, each bounded, summed in log odds.
 *
 * - header: grams of the header block and facts, by the logistic learner: quick to learn, knows senders and programs;
 * - text: grams of the text, by the logistic learner: robust to spelling tricks;
 * - pairs: word pairs over both, by counts: explainable, immune to salads of good words;
 * - sender: the domain that it says to be from, by counts: knows correspondents.
 *
 * In the first days what is known of mail in general (prior.ts) stands beside them.
 *
 * The bounds are the defence: no learner alone can outshout the others, and what the text says can argue for "innocent" by
 * little, because the sender writes the text. Its spammiest passage is also judged as if it were all of the text, less a
 * {@link toll}: ham that is pasted around spam does not hide it. So is what few readers see (hidden text, other alternatives, what is attached), less
 * {@link asideToll}: whether it is seen cannot be known for sure. Learning happens on errors and near errors only (the
 * gate), so that most messages write nothing. A label that is far from the judgement is doubted: it may be wrong, and one
 * message must not turn what many have taught. A correction is not: who takes the trouble has looked at the message.
 */
import type { Evidence } from './evidence.ts';
import {
  asMessage,
  gradientOf,
  knownShare,
  lengthNorm,
  logisticLearn,
  logisticScore,
  logisticUnlearn,
  logisticWeights,
  normAsMessage,
  spammiestPassage,
  type Gradient,
} from './logistic.ts';
import { pairCount, pairScore, pairWeights, wholeMessage } from './pairs.ts';
import { priorScore } from './prior.ts';
import { senderScore } from './senders.ts';

/** The most that each learner's log odds may weigh, and the most that the text may argue for innocent by each kind of feature. */
const bounds = {
  learner: 10,
  goodFacts: 0.5,
  goodGrams: 3,
  goodPairs: 1,
  pairWeight: 0.5,
  sender: 2,
  prior: 4,
} as const;

/** What the spammiest passage must argue more for spam than the whole text, to count in its place. */
const toll = 4.5;
/** The same of what few readers see. */
const asideToll = 1;

/** A message is learned while header, text and pairs argue for its class by no more than this. */
const gate = 8.5;

/** From this margin on for the other class a label is doubted, by the square root of e for each unit. */
const doubtFrom = 5;
const doubtRate = 0.5;

/** A correction is repeated until the score argues for its class by this much … */
const corrected = 1;
/** … but so many times at most. */
const mostRounds = 3;

/** What each learner makes of a message, bounded, in log odds of spam; `total` is their sum. */
export interface Scores {
  readonly header: number;
  readonly text: number;
  readonly pairs: number;
  readonly sender: number;
  readonly prior: number;
  readonly total: number;
  /** The share of the header's features that is known, or of the text's, whichever is larger, 0 to 1: the sender makes up the one or the other. */
  readonly known: number;
}

/** One round of learning, kept so that it can be taken back. */
export interface Round {
  readonly header: Gradient;
  readonly text: Gradient;
  /** What the pairs and the sender were counted as, in quarters of a message. */
  readonly pairs: number;
}

/** Judges a message by its evidence. */
export function scoresOf(evidence: Evidence): Scores {
  const { values, ranges } = evidence;
  const raw = rawScores(evidence);
  const header = bounded(raw.header);
  const text = bounded(raw.text, raw.text < 0 ? bounds.goodGrams : bounds.learner);
  const pairs = bounds.pairWeight * bounded(raw.headerPairs + held(raw.textPairs, bounds.goodPairs));
  const sender = bounded(senderScore(values, ranges.sender), bounds.sender);
  const prior = bounded(priorScore(evidence), bounds.prior);
  return {
    header,
    text,
    pairs,
    sender,
    prior,
    total: header + text + pairs + sender + prior,
    known: Math.max(knownShare(values, ranges.header), knownShare(values, [ranges.text])),
  };
}

/** How a message is learned. */
export interface Lesson {
  readonly spam: boolean;
  /** How far the class is believed: 1 where a person told it. */
  readonly belief: number;
  /** Whether a person says that the judgement was wrong: then it is repeated until it is right. */
  readonly correction: boolean;
}

/**
 * Learns a message: changes the evidence's values and counts, and tells what it did. An empty list: the message was far on its
 * side of the gate already.
 */
export function learn(evidence: Evidence, { spam, belief, correction }: Lesson): Round[] {
  const rounds: Round[] = [];
  const side = spam ? 1 : -1;
  const { header, text, pairs } = scoresOf(evidence);
  // Without the sender and the prior: what a correspondent writes is worth learning though it would be judged rightly.
  const margin = side * (header + text + pairs);
  if (margin > gate) return rounds;
  do {
    rounds.push(learnOnce(evidence, spam, belief, correction ? 1 : trustIn(margin)));
  } while (correction && rounds.length < mostRounds && side * scoresOf(evidence).total <= corrected);
  return rounds;
}

/** Takes back what {@link learn} did, last round first. */
export function unlearn(evidence: Evidence, spam: boolean, rounds: readonly Round[]): void {
  const { values, ranges } = evidence;
  for (const round of rounds.toReversed()) {
    logisticUnlearn(values, ranges.header, round.header);
    logisticUnlearn(values, [ranges.text, ranges.aside], round.text);
    count(evidence, spam, -round.pairs);
  }
}

/** What each feature adds to its learner's score before the bound, in log odds of spam, in the evidence's order. */
export function weightsOf(evidence: Evidence): Float64Array {
  const { keys, values, ranges, trained } = evidence;
  const weights = new Float64Array(keys.length);
  logisticWeights(values, ranges.header, weights);
  logisticWeights(values, [ranges.text], weights);
  if (textScore(evidence).isAside)
    logisticWeights(values, [ranges.aside], weights, normAsMessage(ranges.aside));
  pairWeights(values, ranges.pairs, trained, weights);
  for (let i = ranges.pairs.from; i < ranges.pairs.to; i++)
    weights[i] = bounds.pairWeight * (weights[i] ?? 0);
  weights.fill(senderScore(values, ranges.sender), ranges.sender.from, ranges.sender.to);
  return weights;
}

function learnOnce(evidence: Evidence, spam: boolean, belief: number, trust: number): Round {
  const { values, ranges } = evidence;
  const raw = rawScores(evidence);
  const header = gradientOf(raw.header, spam, ranges.header, belief * trust);
  const text = gradientOf(raw.text, spam, [ranges.text, ranges.aside], belief * trust);
  const pairs = Math.round(wholeMessage * belief);
  logisticLearn(values, ranges.header, header);
  logisticLearn(values, [ranges.text, ranges.aside], text);
  count(evidence, spam, pairs);
  return { header, text, pairs };
}

/** How far a label is believed that a judgement argues for by `margin`. */
function trustIn(margin: number): number {
  return Math.exp(doubtRate * Math.min(0, margin + doubtFrom));
}

function count(evidence: Evidence, spam: boolean, parts: number): void {
  const { values, ranges, trained } = evidence;
  // Correspondents are who a person tells of; a filter that believed itself here would soon trust a forged domain.
  if (Math.abs(parts) >= wholeMessage) pairCount(values, ranges.sender, spam, parts);
  pairCount(values, ranges.pairs, spam, parts);
  evidence.trained = {
    spam: trained.spam + (spam ? parts : 0),
    innocent: trained.innocent + (spam ? 0 : parts),
  };
}

/** What each learner makes of a message before its bound. */
interface RawScores {
  readonly header: number;
  readonly text: number;
  readonly headerPairs: number;
  readonly textPairs: number;
}

function rawScores(evidence: Evidence): RawScores {
  const { values, ranges, trained } = evidence;
  const [grams, madeFacts, saidFacts] = ranges.header;
  const norm = lengthNorm(ranges.header);
  return {
    header:
      logisticScore(values, [grams, madeFacts], norm) +
      held(logisticScore(values, [saidFacts], norm), bounds.goodFacts),
    text: textScore(evidence).score,
    headerPairs: pairScore(values, ranges.headerPairs, trained),
    textPairs: pairScore(values, ranges.textPairs, trained),
  };
}

/** What the text argues for, or what argues more for spam in its place; `isAside`: it is what few readers see. */
function textScore({ values, ranges }: Evidence): { readonly score: number; readonly isAside: boolean } {
  const text = Math.max(logisticScore(values, [ranges.text]), spammiestPassage(values, ranges.text) - toll);
  if (ranges.aside.from === ranges.aside.to) return { score: text, isAside: false };
  const aside = asMessage(values, ranges.aside) - asideToll;
  return { score: Math.max(text, aside), isAside: aside > text };
}

/** A score that may argue for spam as it does, for innocent by so much at most. */
function held(score: number, bound: number): number {
  return score < 0 ? bounded(score, bound) : score;
}

function bounded(score: number, bound: number = bounds.learner): number {
  return bound * Math.tanh(score / bound);
}
