/**
 * What a user's records say of one message: its features beside the two integers that the store keeps of each.
 */
import type { Features } from '../features/features.ts';

/** Messages that the pair learner has counted, of each class. */
export interface Trained {
  readonly spam: number;
  readonly innocent: number;
}

/** A message's features and what is known of them. Learners change `values` and `trained`. */
export interface Evidence {
  /** Header grams, then text grams, then pairs. */
  readonly keys: Float64Array;
  /** `a` and `b` of key i at 2i and 2i + 1. */
  readonly values: Int32Array;
  /** Where header grams end and text grams begin; where those end and pairs begin. */
  readonly textFrom: number;
  readonly pairsFrom: number;
  trained: Trained;
}

/** The keys of all features, in the order of {@link Evidence}. */
export function keysOf({ header, text, pairs }: Features): Float64Array {
  const keys = new Float64Array(header.length + text.length + pairs.length);
  keys.set(header);
  keys.set(text, header.length);
  keys.set(pairs, header.length + text.length);
  return keys;
}

/** Puts together what was read of the store for `keysOf(features)`. */
export function evidenceOf(
  features: Features,
  keys: Float64Array,
  values: Int32Array,
  trained: Trained,
): Evidence {
  const textFrom = features.header.length;
  return { keys, values, textFrom, pairsFrom: textFrom + features.text.length, trained };
}
