/**
 * The gram learner: logistic regression on binary features with a learning rate of its own for each (AdaGrad: Duchi,
 * Hazan, Singer 2011), the length of the message normalised.
 *
 * A record holds `a`, the weight w in steps of 2^-14, and `b`, the sum of squared gradients in steps of 2^-10. Both change
 * by whole numbers only, rounded to nearest, so that every backend and every order of writes arrives at
 * the same sums. A weight stays within ±0.5 in practice, which two bytes of a varint hold.
 */

const weightStep = 2 ** -14;
const squareStep = 2 ** -10;

/** The learning rate. */
const rate = 0.01;

/** The sum of squared gradients that a feature starts with. */
const initialSquares = 0.03;

/** The number of features at which a message counts as it is; a longer one counts less per feature. */
const usualLength = 1500;

/** A gradient in steps of 2^-12: what a learning kept of itself, so that it can be taken back. */
export type Gradient = number;
const gradientStep = 2 ** -12;

/** The log odds of spam that the grams `from` to `to` argue for, in a message with `count` grams. */
export function gramScore(values: Int32Array, from: number, to: number, count: number = to - from): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[2 * i] ?? 0;
  return sum * weightStep * lengthNorm(count);
}

/** The gradient of one learning: how far the score was from the truth. */
export function gradientOf(score: number, spam: boolean, count: number): Gradient {
  const error = (spam ? 1 : 0) - 1 / (1 + Math.exp(-score));
  return Math.round((error * lengthNorm(count)) / gradientStep);
}

/** Makes one step of learning in `values`. */
export function gramLearn(values: Int32Array, from: number, to: number, gradient: Gradient): void {
  const squares = squaresOf(gradient);
  for (let i = from; i < to; i++) {
    const after = (values[2 * i + 1] ?? 0) + squares;
    values[2 * i + 1] = after;
    values[2 * i] = (values[2 * i] ?? 0) + weightChange(gradient, after);
  }
}

/** Takes a step back. Exact while no other learning has come between; close to it afterwards. */
export function gramUnlearn(values: Int32Array, from: number, to: number, gradient: Gradient): void {
  const squares = squaresOf(gradient);
  for (let i = from; i < to; i++) {
    const before = values[2 * i + 1] ?? 0;
    values[2 * i] = (values[2 * i] ?? 0) - weightChange(gradient, before);
    values[2 * i + 1] = before - squares;
  }
}

function lengthNorm(count: number): number {
  return Math.sqrt(usualLength / (count + 1));
}

function squaresOf(gradient: Gradient): number {
  return Math.round((gradient * gradientStep) ** 2 / squareStep);
}

function weightChange(gradient: Gradient, squares: number): number {
  const root = Math.sqrt(initialSquares + Math.max(0, squares) * squareStep);
  return Math.round((rate * gradient * gradientStep) / root / weightStep);
}
