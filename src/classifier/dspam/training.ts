/**
 * What a message changes in a user's counters: hits of tokens and totals, by DSPAM's training modes.
 *
 * - `teft`: all mail that passes is learned as it was judged.
 * - `toe`: so too until more than 100 messages of each class are learned (not with PValue markov); then it is only counted, and only the sender's
 *   token and patterns of noise reduction are written.
 * - `tum`: like teft, but mature tokens are left alone, by mail that passes and by a corpus: those of 50 hits or more, unless the confidence is below .70.
 * - `notrain`: mail that passes changes nothing.
 *
 * What a person tells is learned in all modes. It takes back what the wrong verdict had taught; DSPAM concludes from the mode whether it had. Hits stay between 0 and the messages learned of their class.
 */
import { noisePatterns } from './noise.ts';
import type { JudgeOptions } from './options.ts';
import { probabilityFor, type DspamTotals, type Hits } from './probability.ts';
import type { Token, Tokens } from './tokens.ts';
import { weigh, type Lookup } from './weighing.ts';

/** DSPAM's training modes. */
export type DspamMode = 'teft' | 'toe' | 'tum' | 'notrain';

/** Why a message is learned; `inbound`: it passes, and was judged. */
export type LessonSource = 'inbound' | 'error' | 'corpus' | 'inoculation';

/** What is to be learned of a message. */
export interface Lesson {
  readonly spam: boolean;
  readonly source: LessonSource;
  /** Whether it is taken back instead. */
  readonly unlearn: boolean;
  /** Whether the message was learned as the other class, which is taken back. */
  readonly takesBack: boolean;
  /** That of the verdict; 0 to 1. */
  readonly confidence: number;
}

/** Counters of a class, as DSPAM names them behind `spam_` and `innocent_`. */
type Count = 'Learned' | 'Misclassified' | 'Corpusfed' | 'Classified';

/** The eight totals, or changes of them. */
export type TotalsDelta = Partial<Record<`${'spam' | 'innocent'}${Count}`, number>>;

/** A change of one token's hits. */
export interface TokenDelta extends Hits {
  readonly key: bigint;
}

/** Everything that a message changes. */
export interface Learning {
  readonly tokens: readonly TokenDelta[];
  readonly totals: TotalsDelta;
}

/** Messages of each class that toe learns like teft. */
const toeBegins = 100;

/** When tum takes a token as mature. */
const mature = { hits: 50, confidence: 0.7 } as const;

/** How much an inoculation adds: to a token that is new, and to any other. */
const inoculation = { fresh: 5, known: 2, ownBelow: 5, otherBelow: 2 } as const;

/** What a message changes. Pure. */
export function learn(
  tokens: Tokens,
  lookup: Lookup,
  totals: DspamTotals,
  lesson: Lesson,
  options: JudgeOptions & { readonly mode: DspamMode },
): Learning {
  const inbound = lesson.source === 'inbound' && !lesson.unlearn;
  if (inbound && options.mode === 'notrain') return { tokens: [], totals: {} };
  const onlyCounted = inbound && options.mode === 'toe' && !toeLearns(totals, options);
  const change = onlyCounted ? { [counter(lesson.spam, 'Classified')]: 1 } : totalsOf(lesson);
  const after = {
    spam: totals.spamLearned + (change.spamLearned ?? 0),
    innocent: totals.innocentLearned + (change.innocentLearned ?? 0),
  };
  const learned = [...tokens.all, ...patternsOf(tokens, lookup, totals, options)].filter((token) => {
    if (onlyCounted) return isSpecial(token, tokens);
    const told = lesson.source === 'error' || lesson.source === 'inoculation' || lesson.unlearn;
    if (told || options.mode !== 'tum' || lesson.confidence < mature.confidence) return true;
    const { spam, innocent } = lookup(token.key);
    return spam + innocent < mature.hits || token.key === tokens.sender;
  });
  const deltas = learned.map(({ key }) => {
    const before = lookup(key);
    const wanted = hitsOf(lesson, before);
    return {
      key,
      spam: clamped(before.spam + wanted.spam, after.spam) - before.spam,
      innocent: clamped(before.innocent + wanted.innocent, after.innocent) - before.innocent,
    };
  });
  return { tokens: deltas.filter(({ spam, innocent }) => spam !== 0 || innocent !== 0), totals: change };
}

function toeLearns({ spamLearned, innocentLearned }: DspamTotals, { pValue }: JudgeOptions): boolean {
  return pValue !== 'markov' && (spamLearned <= toeBegins || innocentLearned <= toeBegins);
}

function counter(spam: boolean, count: Count): keyof TotalsDelta {
  return spam ? `spam${count}` : `innocent${count}`;
}

function totalsOf({ spam, source, unlearn, takesBack }: Lesson): TotalsDelta {
  const learned = counter(spam, 'Learned');
  if (unlearn) return { [learned]: -1 };
  const back: TotalsDelta = takesBack ? { [counter(!spam, 'Learned')]: -1 } : {};
  switch (source) {
    case 'inbound':
      return { [learned]: 1 };
    case 'corpus':
    case 'inoculation':
      return { [learned]: 1, [counter(spam, 'Corpusfed')]: 1, ...back };
    case 'error':
      return { [learned]: 1, [counter(spam, 'Misclassified')]: 1, ...back };
  }
}

/** Whether a mode learns what passes as it was judged, so that an error is to be taken back where nobody knows better. */
export function learnsVerdicts(mode: DspamMode): boolean {
  return mode === 'teft' || mode === 'tum';
}

function hitsOf({ spam, source, unlearn, takesBack }: Lesson, before: Hits): Hits {
  const own = unlearn ? -1 : source === 'inoculation' ? inoculated(before, spam) : 1;
  const other = takesBack ? -1 : 0;
  return spam ? { spam: own, innocent: other } : { spam: other, innocent: own };
}

function inoculated({ spam, innocent }: Hits, asSpam: boolean): number {
  const [own, other] = asSpam ? [spam, innocent] : [innocent, spam];
  const fresh = other < inoculation.otherBelow && own < inoculation.ownBelow;
  return fresh ? inoculation.fresh : inoculation.known;
}

/** The total is at least 0, whatever was taken back too often. */
function clamped(hits: number, total: number): number {
  return Math.max(0, Math.min(hits, total));
}

function isSpecial(token: Token, { sender }: Tokens): boolean {
  return token.key === sender || token.name.startsWith('bnr.');
}

/** The patterns of noise reduction in a message; none unless it is set and the user has enough innocent mail. */
export function patternsOf(
  tokens: Tokens,
  lookup: Lookup,
  totals: DspamTotals,
  options: JudgeOptions,
): Token[] {
  if (!options.noise) return [];
  const probabilityOf = probabilityFor(totals, options);
  return noisePatterns(tokens.stream, weigh(tokens.all, lookup, probabilityOf), totals);
}
