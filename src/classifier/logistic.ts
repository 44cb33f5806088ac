/**
 * The logistic learner: regression on binary features with a learning rate of its own for each (AdaGrad: Duchi, Hazan,
 * Singer 2011), the length of the message normalised.
 *
 * A record holds `a`, the weight w in steps of 2^-14, and `b`, the sum of squared gradients in steps of 2^-10. Both change
 * by whole numbers only, rounded to nearest, so that every backend and every order of writes arrives at the same
 * sums; measured, that costs nothing against real numbers. A weight stays within ±0.1, which two bytes of a varint hold.
 */
import type { Range } from './evidence.ts';

const weightStep = 2 ** -14;
const squareStep = 2 ** -10;

/** The learning rate. */
const rate = 0.01;

/** The sum of squared gradients that a feature starts with. */
const initialSquares = 0.01;

/** Where the sum saturates: the range of the store's integers. Taking back is not exact beyond. */
const mostSquares = 2 ** 31 - 1;

/** A passage with fewer features than this counts as if it had so many: a few words are no passage. */
const shortestPassage = 500;

/** The number of features at which a message counts as it is, and how much less a longer one counts per feature. */
const usualLength = 2500;
const lengthPower = 0.6;

/** A gradient in steps of 2^-12: what a learning keeps of itself, so that it can be taken back. */
export type Gradient = number;
const gradientStep = 2 ** -12;

/**
 * The log odds of spam that the features of some ranges argue for.
 *
 * @param norm How much each counts: by the length of these ranges, or of more of which they are a part.
 */
export function logisticScore(
  values: Int32Array,
  ranges: readonly Range[],
  norm: number = lengthNorm(ranges),
): number {
  let sum = 0;
  for (const { from, to, weight } of ranges) {
    for (let i = from; i < to; i++) sum += weight * (values[2 * i] ?? 0);
  }
  return sum * weightStep * norm;
}

/**
 * The log odds of spam of the passage of a range that argues most for it, taken as a message of its own: the features from one
 * place to another whose weights have the largest sum (found in one pass, as by Kadane; Bentley, Programming Pearls, column 8).
 */
export function spammiestPassage(values: Int32Array, { from, to }: Range): number {
  let most = 0;
  let length = 0;
  let sum = 0;
  let start = from;
  for (let i = from; i < to; i++) {
    sum += values[2 * i] ?? 0;
    if (sum > most) {
      most = sum;
      length = i + 1 - start;
    } else if (sum <= 0) {
      sum = 0;
      start = i + 1;
    }
  }
  return most * weightStep * normOf(Math.max(shortestPassage, length));
}

/** The log odds of spam that a range argues for by itself, were it the message. */
export function asMessage(values: Int32Array, range: Range): number {
  return logisticScore(values, [range], normAsMessage(range));
}

/** How much each feature of a range counts, taken as a message. */
export function normAsMessage({ from, to }: Range): number {
  return normOf(Math.max(shortestPassage, to - from));
}

/** The log odds that each single feature of some ranges adds, put into `weights` at its place. */
export function logisticWeights(
  values: Int32Array,
  ranges: readonly Range[],
  weights: Float64Array,
  norm: number = lengthNorm(ranges),
): void {
  for (const { from, to, weight } of ranges) {
    for (let i = from; i < to; i++) weights[i] = weight * (values[2 * i] ?? 0) * weightStep * norm;
  }
}

/** The share of the features of some ranges that the learner has a weight for, 0 to 1. */
export function knownShare(values: Int32Array, ranges: readonly Range[]): number {
  let known = 0;
  for (const { from, to, weight } of ranges) {
    for (let i = from; i < to; i++) known += values[2 * i] === 0 ? 0 : weight;
  }
  return known / Math.max(1, lengthOf(ranges));
}

/**
 * The gradient of one learning: how far the score was from the truth.
 *
 * @param trust How much the label is believed, 0 to 1.
 */
export function gradientOf(score: number, spam: boolean, ranges: readonly Range[], trust: number): Gradient {
  const error = (spam ? 1 : 0) - 1 / (1 + Math.exp(-score));
  return Math.round((trust * error * lengthNorm(ranges)) / gradientStep);
}

/** Makes one step of learning in `values`. */
export function logisticLearn(values: Int32Array, ranges: readonly Range[], gradient: Gradient): void {
  const squares = squaresOf(gradient);
  for (const { from, to } of ranges) {
    for (let i = from; i < to; i++) {
      const after = Math.min(mostSquares, (values[2 * i + 1] ?? 0) + squares);
      values[2 * i + 1] = after;
      values[2 * i] = (values[2 * i] ?? 0) + weightChange(gradient, after);
    }
  }
}

/** Takes a step back. Exact while no other learning has come between; close to it afterwards. */
export function logisticUnlearn(values: Int32Array, ranges: readonly Range[], gradient: Gradient): void {
  const squares = squaresOf(gradient);
  for (const { from, to } of ranges) {
    for (let i = from; i < to; i++) {
      const before = values[2 * i + 1] ?? 0;
      values[2 * i] = (values[2 * i] ?? 0) - weightChange(gradient, before);
      values[2 * i + 1] = before - squares;
    }
  }
}

function lengthOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { from, to, weight }) => sum + weight * (to - from), 0);
}

/** How much each feature of a message counts, by the number of them. */
export function lengthNorm(ranges: readonly Range[]): number {
  return normOf(lengthOf(ranges));
}

function normOf(length: number): number {
  return (usualLength / (length + 1)) ** lengthPower;
}

function squaresOf(gradient: Gradient): number {
  return Math.round((gradient * gradientStep) ** 2 / squareStep);
}

function weightChange(gradient: Gradient, squares: number): number {
  const root = Math.sqrt(initialSquares + Math.max(0, squares) * squareStep);
  return Math.round((rate * gradient * gradientStep) / root / weightStep);
}
