/**
 * Bayesian noise reduction: tokens that contradict the context in which they stand count less.
 *
 * A context is three successive tokens of the body; its pattern is their probabilities rounded up to .05, `bnr.s|0.40_0.95_0.40_` for single
 * tokens and `bnr.c|…` for pairs. Patterns are learned like tokens, and a context that is telling by itself silences
 * the tokens in it that say otherwise. What DSPAM takes for the contexts that begin before the third token is not known; here they do not exist.
 */
import { tokenKey } from './key.ts';
import { probabilityFor, type DspamTotals, type ProbabilityOptions } from './probability.ts';
import type { Token } from './tokens.ts';
import type { Lookup, Weighed } from './weighing.ts';

/** More innocent messages than these must be learned before patterns are learned, and before they silence. */
const after = { learning: 1000, silencing: 2500 } as const;

/** The token that counts the messages whose patterns were learned, because those of before have none. */
const totalsName = 'bnr.t|';

/** How far from one half a pattern must be to be telling, and a token from its pattern to be silenced. */
const telling = 0.25;
const contradicting = 0.33;

const context = 3;

/** Takes from the frequencies of tokens what is noise; tokens that are all noise are left out. */
export function withoutNoise(
  stream: readonly bigint[],
  tokens: readonly Weighed[],
  lookup: Lookup,
  totals: DspamTotals,
  options: ProbabilityOptions,
): readonly Weighed[] {
  if (totals.innocentLearned <= after.silencing) return tokens;
  const { spam: spamLearned, innocent: innocentLearned } = lookup(tokenKey(totalsName));
  const probabilityOf = probabilityFor({ ...totals, spamLearned, innocentLearned }, options);
  const byKey = new Map(tokens.map((weighed) => [weighed.token.key, weighed]));
  const silenced = new Map<bigint, number>();
  for (const { name, members } of contextsOf(stream, byKey)) {
    const pattern = probabilityOf(name, lookup(tokenKey(name)));
    if (Math.abs(0.5 - pattern) <= telling) continue;
    for (const { token, probability } of members) {
      if (Math.abs(probability - pattern) <= contradicting) continue;
      silenced.set(token.key, (silenced.get(token.key) ?? 0) + 1);
    }
  }
  return tokens
    .map((weighed) => ({ ...weighed, frequency: weighed.frequency - (silenced.get(weighed.token.key) ?? 0) }))
    .filter(({ frequency }) => frequency > 0);
}

/** The patterns of a message as tokens to learn; none while the user has too little innocent mail. */
export function noisePatterns(
  stream: readonly bigint[],
  tokens: readonly Weighed[],
  totals: DspamTotals,
): Token[] {
  if (totals.innocentLearned <= after.learning) return [];
  const byKey = new Map(tokens.map((weighed) => [weighed.token.key, weighed]));
  const names = new Set([totalsName, ...contextsOf(stream, byKey).map(({ name }) => name)]);
  return [...names].map((name) => ({ name, key: tokenKey(name), frequency: 1 }));
}

interface Context {
  readonly name: string;
  readonly members: readonly Weighed[];
}

/** Single tokens and pairs form contexts of their own. */
function contextsOf(stream: readonly bigint[], byKey: ReadonlyMap<bigint, Weighed>): Context[] {
  const said = stream.flatMap((key) => byKey.get(key) ?? []);
  const single = said.filter(({ token }) => !token.name.includes('+'));
  const paired = said.filter(({ token }) => token.name.includes('+'));
  return [...contextsOfKind('bnr.s|', single), ...contextsOfKind('bnr.c|', paired)];
}

function contextsOfKind(kind: string, said: readonly Weighed[]): Context[] {
  return Array.from({ length: Math.max(0, said.length - context + 1) }, (_, i) => {
    const members = said.slice(i, i + context);
    return { name: kind + members.map(({ probability }) => `${roundedUp(probability)}_`).join(''), members };
  });
}

/** The small step down keeps what is a multiple of .05 but for its rounding. */
function roundedUp(probability: number): string {
  return (Math.ceil(probability * 20 - 1e-9) / 20).toFixed(2);
}
