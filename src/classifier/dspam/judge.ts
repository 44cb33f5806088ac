/**
 * DSPAM's verdict on a message: each algorithm that is set has an opinion, and any that says spam wins.
 */
import * as algorithms from './algorithms.ts';
import type { Factor, Opinion } from './algorithms.ts';
import { withoutNoise } from './noise.ts';
import type { Algorithm, JudgeOptions } from './options.ts';
import { probabilityFor, type DspamTotals } from './probability.ts';
import { mostSignificant } from './selection.ts';
import { weigh, type Lookup, type Weighed } from './weighing.ts';
import type { Tokens } from './tokens.ts';

/** A verdict. */
export interface Judgement {
  readonly spam: boolean;
  /** Whether the message is innocent because its sender is known; it is learned all the same. */
  readonly whitelisted: boolean;
  /** Of spam, 0 to 1. */
  readonly probability: number;
  /** 0 to 1. */
  readonly confidence: number;
  /** Those of the algorithm that decided. */
  readonly factors: readonly Factor[];
}

/** From which probability an algorithm says spam. With PValue markov it is more than one half for all. */
const thresholds: Readonly<Record<Algorithm, number>> = {
  naive: 0.9,
  graham: 0.9,
  burton: 0.9,
  robinson: 0.5,
  'chi-square': 0.501,
};

/** Whose probability is told, the first that fired; and if none did, the first of `quiet` that is set. */
const told = {
  fired: ['burton', 'graham', 'naive', 'robinson', 'chi-square'],
  quiet: ['naive', 'graham', 'burton', 'robinson', 'chi-square'],
} as const satisfies Record<string, readonly Algorithm[]>;

/** Whose factors are told: the first of `fired` that did, and if none did, the first of `quiet` that is set. */
const explaining = {
  fired: ['graham', 'burton', 'robinson', 'chi-square', 'naive'],
  quiet: ['chi-square', 'robinson', 'burton', 'graham', 'naive'],
} as const satisfies Record<string, readonly Algorithm[]>;

/** Of so many innocent hits of a sender one may be spam. */
const whitelistRatio = 15;

/** Judges a message. */
export function judge(tokens: Tokens, lookup: Lookup, totals: DspamTotals, options: JudgeOptions): Judgement {
  const probabilityOf = probabilityFor(totals, options);
  const weighed = weigh(tokens.all, lookup, probabilityOf);
  const heard = options.noise ? withoutNoise(tokens.stream, weighed, lookup, totals, options) : weighed;
  const list = mostSignificant(heard, listSize(options.algorithms));
  const opinions = opinionsOf(options.algorithms, heard, list);
  const fires = (algorithm: Algorithm): boolean => {
    const probability = opinions.get(algorithm)?.probability;
    if (probability === undefined) return false;
    return options.pValue === 'markov' ? probability > 0.5 : probability >= thresholds[algorithm];
  };
  const spam = options.algorithms.some(fires);
  const set = (algorithm: Algorithm): boolean => opinions.has(algorithm);
  const teller = spam ? told.fired.find(fires) : told.quiet.find(set);
  const explainer = spam ? explaining.fired.find(fires) : explaining.quiet.find(set);
  const probability = opinionOf(opinions, teller).probability;
  const whitelisted = isWhitelisted(tokens, lookup, options);
  return {
    spam: spam && !whitelisted,
    whitelisted,
    probability,
    confidence: confidenceOf(spam && !whitelisted, probability, list, options),
    factors: opinionOf(opinions, explainer).factors,
  };
}

/** How many tokens are selected; the largest need of the algorithms that are set. */
function listSize(set: readonly Algorithm[]): number {
  if (set.includes('burton')) return algorithms.slots.burton;
  return set.includes('robinson') ? algorithms.slots.robinson : algorithms.slots.graham;
}

function opinionsOf(
  set: readonly Algorithm[],
  tokens: readonly Weighed[],
  list: readonly Weighed[],
): ReadonlyMap<Algorithm, Opinion> {
  const ways: Readonly<Record<Algorithm, () => Opinion>> = {
    naive: () => algorithms.naive(tokens, list),
    graham: () => algorithms.graham(list),
    burton: () => algorithms.burton(list),
    robinson: () => algorithms.robinson(list),
    'chi-square': () => algorithms.chiSquare(tokens),
  };
  return new Map(set.map((algorithm) => [algorithm, ways[algorithm]()]));
}

function opinionOf(opinions: ReadonlyMap<Algorithm, Opinion>, algorithm: Algorithm | undefined): Opinion {
  const opinion = algorithm && opinions.get(algorithm);
  return opinion ?? { probability: 0, factors: [] };
}

/** Robinson's mean, whichever algorithm decided; with markov the probability itself. */
function confidenceOf(
  spam: boolean,
  probability: number,
  list: readonly Weighed[],
  { pValue }: JudgeOptions,
): number {
  const certainty = pValue === 'markov' ? probability : algorithms.robinson(list).probability;
  return spam ? certainty : 1 - certainty;
}

/** A sender of more innocent messages than the threshold, of which at most one in 15 was spam. */
function isWhitelisted({ sender }: Tokens, lookup: Lookup, { whitelistThreshold }: JudgeOptions): boolean {
  if (sender === undefined) return false;
  const { spam, innocent } = lookup(sender);
  return innocent > whitelistThreshold && spam <= Math.trunc(innocent / whitelistRatio);
}
