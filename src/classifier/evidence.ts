/**
 * What a user's records say of one message: its features beside the two integers that the store keeps of each.
 */
import type { Features } from '../features/features.ts';

/** What has been learned altogether, of each class. */
export interface Trained {
  /** What the pair learner has counted, in quarters of a message. */
  readonly spam: number;
  readonly innocent: number;
}

/** A run of features in the evidence; each counts `weight` times. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

/** A message's features and what is known of them. Learners change `values` and `trained`. */
export interface Evidence {
  readonly keys: Float64Array;
  /** `a` and `b` of key i at 2i and 2i + 1. */
  readonly values: Int32Array;
  /** What each learner looks at. */
  readonly ranges: Ranges;
  trained: Trained;
}

/** The parts of the evidence. */
export interface Ranges {
  /** Grams, then all facts. */
  readonly header: readonly [grams: Range, madeFacts: Range, saidFacts: Range];
  /** In the order of the text. */
  readonly text: Range;
  /** What few readers see. */
  readonly aside: Range;
  /** The sender's domain: one feature or none. */
  readonly sender: Range;
  /** All pairs: those of the fields, then those of the text that are new. */
  readonly pairs: Range;
  readonly headerPairs: Range;
  readonly textPairs: Range;
}

/** How often a fact counts: there are a hundred of them among a thousand grams. */
const factWeight = 3;

/** Puts together what was read of the store for the keys of all features. */
export function evidenceOf(features: Features, values: Int32Array, trained: Trained): Evidence {
  const { keys } = features;
  const factsFrom = features.header.length;
  const saidFrom = factsFrom + features.madeFacts;
  const textFrom = factsFrom + features.facts.length;
  const asideFrom = textFrom + features.text.length;
  const senderFrom = asideFrom + features.aside.length;
  const pairsFrom = senderFrom + features.sender.length;
  const textPairsFrom = pairsFrom + features.fieldPairs;
  const ranges: Ranges = {
    header: [run(0, factsFrom), run(factsFrom, saidFrom, factWeight), run(saidFrom, textFrom, factWeight)],
    text: run(textFrom, asideFrom),
    aside: run(asideFrom, senderFrom),
    sender: run(senderFrom, pairsFrom),
    pairs: run(pairsFrom, keys.length),
    headerPairs: run(pairsFrom, textPairsFrom),
    textPairs: run(textPairsFrom, keys.length),
  };
  return { keys, values, ranges, trained };
}

function run(from: number, to: number, weight: number = 1): Range {
  return { from, to, weight };
}
