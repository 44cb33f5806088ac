/**
 * How the probabilities of tokens become that of the message: Graham, Burton, Robinson's geometric mean, Fisher's
 * chi-square, and the naive product.
 *
 * Each is computed in the precision that DSPAM uses, single or double, because its four decimals depend on it.
 */
import type { Weighed } from './weighing.ts';

/** One token that an algorithm used, as a line of X-DSPAM-Factors; repeated if it was used twice. */
export interface Factor {
  /** One character a byte. */
  readonly name: string;
  /** In single precision. */
  readonly probability: number;
}

/** What an algorithm says of a message. */
export interface Opinion {
  /** 0 to 1. */
  readonly probability: number;
  readonly factors: readonly Factor[];
}

/** Tokens, or uses of tokens, that each algorithm takes. */
export const slots = { graham: 15, burton: 27, robinson: 25 } as const;

/** Robinson's strength and probability of an unknown token. */
const prior = { strength: 0.01, probability: 0.5 } as const;

/** Between them a token says too little to Robinson. */
const weak = { from: 0.3, to: 0.7 } as const;

const single = Math.fround;

/** Graham: the product of 15 tokens, each once, in single precision. */
export function graham(list: readonly Weighed[]): Opinion {
  const factors = list.slice(0, slots.graham).map(factorOf);
  let spam = 1;
  let innocent = 1;
  for (const { probability } of factors) {
    spam = single(spam * probability);
    innocent = single(innocent * single(1 - probability));
  }
  return { probability: share(spam, innocent), factors };
}

/** Burton: the product of 27 uses of tokens, a token that occurs more than once being used twice. */
export function burton(list: readonly Weighed[]): Opinion {
  const factors = usedTwice(list, slots.burton);
  let spam = 1;
  let innocent = 1;
  for (const { probability } of factors) {
    spam *= probability;
    innocent *= 1 - probability;
  }
  return { probability: share(spam, innocent), factors };
}

/**
 * Robinson: the geometric mean of 25 uses of tokens that are not weak. Without any the result is 0.
 * The products are of single precision and may underflow to 0; the roots are not.
 */
export function robinson(list: readonly Weighed[]): Opinion {
  const hits = Math.min(slots.robinson, list.length);
  const degree = (probability: number): number =>
    (prior.strength * prior.probability + hits * probability) / (prior.strength + hits);
  const strong = list.filter(({ probability }) => {
    const value = degree(single(probability));
    return value < weak.from || value > weak.to;
  });
  const factors = usedTwice(strong, slots.robinson);
  if (factors.length === 0) return { probability: 0, factors };
  let spam = 1;
  let innocent = 1;
  for (const { probability } of factors) {
    const value = degree(probability);
    spam = single(spam * value);
    innocent = single(innocent * (1 - value));
  }
  const root = 1 / factors.length;
  const p = 1 - innocent ** root;
  const q = 1 - spam ** root;
  return { probability: ((p - q) / (p + q) + 1) / 2, factors };
}

/** Fisher's method on all tokens that are far from one half; without any the result is .401. */
export function chiSquare(tokens: readonly Weighed[]): Opinion {
  const far = tokens.filter(({ probability }) => Math.abs(0.5 - probability) > 0.45);
  const factors = far.map(factorOf);
  if (far.length === 0) return { probability: 0.401, factors };
  let spam = 0;
  let innocent = 0;
  for (const { probability } of far) {
    spam += Math.log(probability);
    innocent += Math.log(1 - probability);
  }
  const s = 1 - chiSquareTail(-innocent, far.length);
  const h = 1 - chiSquareTail(-spam, far.length);
  return { probability: (s - h + 1) / 2, factors };
}

/**
 * The product of all tokens. DSPAM multiplies the probability of one and the same token each time, a defect that makes its own verdicts
 * meaningless; the documented product is computed instead, as logarithms, so that no number of tokens makes it underflow.
 */
export function naive(tokens: readonly Weighed[], list: readonly Weighed[]): Opinion {
  let odds = 0;
  for (const { probability } of tokens) odds += Math.log(probability) - Math.log(1 - probability);
  return { probability: 1 / (1 + Math.exp(-odds)), factors: list.slice(0, slots.graham).map(factorOf) };
}

/** The probability that chi-square with `2 * half` degrees of freedom exceeds `2 * value`. */
function chiSquareTail(value: number, half: number): number {
  let term = Math.exp(-value);
  let sum = term;
  for (let i = 1; i < half; i++) {
    term *= value / i;
    sum += term;
  }
  return Math.min(1, sum);
}

function usedTwice(list: readonly Weighed[], most: number): Factor[] {
  return list
    .flatMap((weighed) => Array.from({ length: weighed.frequency > 1 ? 2 : 1 }, () => factorOf(weighed)))
    .slice(0, most);
}

function factorOf({ token, probability }: Weighed): Factor {
  return { name: token.name, probability: single(probability) };
}

function share(spam: number, innocent: number): number {
  return spam / (spam + innocent);
}
