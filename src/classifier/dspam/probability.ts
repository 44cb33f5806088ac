/**
 * The probability that a message with a token is spam, from the token's hits and the user's totals, as PValue says.
 *
 * Computed in double precision; the algorithms round it to single precision where DSPAM does.
 */
import type { JudgeOptions } from './options.ts';

/** In how many messages of each class a token was learned; 0 to 2^53 - 1. */
export interface Hits {
  readonly spam: number;
  readonly innocent: number;
}

/** What is known of a user: the messages learned and those only classified. */
export interface DspamTotals {
  readonly spamLearned: number;
  readonly innocentLearned: number;
  readonly spamClassified: number;
  readonly innocentClassified: number;
}

/** The settings that a probability depends on. */
export type ProbabilityOptions = Pick<JudgeOptions, 'pValue' | 'bias' | 'sedation' | 'untilMature'>;

/** The probability of a token by its name and hits. */
export type Probability = (name: string, hits: Hits) => number;

/** What a token is worth of which nothing is known. */
const unknown = { bcr: 0.4, robinson: 0.4, markov: 0.5 } as const;

/** Hits that a token, and a pattern of noise reduction, must have to be believed. */
const leastHits = { token: 5, pattern: 25 } as const;

/** Robinson's strength and probability of a token that was never seen, as PValue has them. */
const prior = { strength: 0.1, probability: 0.5 } as const;

/** Until so many innocent messages sedation counts; between the two it looks at the share of spam. */
const sedated = { strongly: 1000, atAll: 2500 } as const;

/** Makes the function for one user. */
export function probabilityFor(totals: DspamTotals, options: ProbabilityOptions): Probability {
  if (options.pValue === 'markov') return (name, hits) => markov(name, hits, options.bias);
  const least = leastHitsOf(totals, options);
  return (name, hits) => {
    const base = ratio(hits, totals, options.bias, name.startsWith('bnr.') ? leastHits.pattern : least);
    return options.pValue === 'robinson' ? robinson(base, hits) : base;
  };
}

/** The ratio of the shares of each class in which the token was seen. */
function ratio({ spam, innocent }: Hits, totals: DspamTotals, bias: boolean, least: number): number {
  const { spamLearned, innocentLearned } = totals;
  const weight = bias ? 2 : 1;
  // A token seen in one class only is taken as seen once in the other, if that has been learned at all.
  const inSpam = (spam === 0 ? 1 : spam) / spamLearned;
  const inInnocent = (weight * (innocent === 0 ? 1 : innocent)) / innocentLearned;
  const bothLearned = spamLearned > 0 && innocentLearned > 0;
  const share = bothLearned ? inSpam / (inSpam + inInnocent) : undefined;
  let probability: number = unknown.bcr;
  if (spam > 0 && innocent > 0) probability = share ?? unknown.bcr;
  else if (innocent > 0) probability = Math.min(0.01, share ?? 1);
  else if (spam > 0) probability = Math.max(0.99, share ?? 0);
  if (spam + weight * innocent < least) probability = unknown.bcr;
  return Math.min(0.9999, Math.max(0.0001, probability));
}

function robinson(base: number, { spam, innocent }: Hits): number {
  const hits = spam + innocent;
  return (prior.strength * prior.probability + hits * base) / (prior.strength + hits);
}

/**
 * Weighs a pattern by its words: 1, 4, 16, 64, 256. The sender's token and patterns of noise reduction say nothing, and so does every token that is
 * named `From*`.
 */
function markov(name: string, { spam, innocent }: Hits, bias: boolean): number {
  if (/^(?:From\*|bnr\.|E: )/.test(name)) return unknown.markov;
  const weight = 4 ** Math.min(4, wordsIn(name) - 1);
  const counted = bias ? 2 * innocent : innocent;
  const evidence = (weight * (spam - counted)) / (16 * (spam + counted + 1) * 256);
  return (bias ? 0.49 : unknown.markov) + evidence;
}

/** Words of a pattern, holes left out. */
function wordsIn(name: string): number {
  return name.split('+').filter((word) => word !== '#').length;
}

/** How many hits are asked of a token while the user has little innocent mail: an integer, as DSPAM's. */
function leastHitsOf(totals: DspamTotals, { sedation, untilMature }: ProbabilityOptions): number {
  const innocent = totals.innocentLearned + totals.innocentClassified;
  const spam = totals.spamLearned + totals.spamClassified;
  if (sedation === 0 || innocent >= sedated.atAll || spam <= innocent) return leastHits.token;
  const lack =
    innocent < sedated.strongly ? Math.trunc((spam - innocent) / 200) : (100 * spam) / (spam + innocent) / 20;
  const asked = leastHits.token + Math.trunc(sedation / 2) + Math.trunc(sedation * lack);
  return untilMature ? Math.min(20, asked) : asked;
}
