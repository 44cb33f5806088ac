/**
 * The figures of the TREC spam track (Cormack and Lynam, TREC 2005 Spam Track Overview) over the judgements
 * of an evaluation.
 *
 * A figure that needs both classes, or one of them, is NaN where there is none of it; JSON writes that as
 * null.
 */
import { inHundred, misrankedShare, rankedGroups, spamMissedAt, type Scored } from './roc.ts';

/** A message that was judged. */
export interface Judged extends Scored {
  /** The verdict at the filter's own threshold. */
  readonly judgedSpam: boolean;
}

/** What an evaluation comes to; percentages run from 0 to 100, and lower is better. */
export interface Figures {
  readonly messages: number;
  readonly ham: number;
  readonly spam: number;
  /** The area above the ROC curve: how often a ham message scores higher than a spam message; a tie counts half. */
  readonly oneMinusRocaPercent: number;
  /** The logistic average of the two error rates, see {@link logisticAverage}. */
  readonly lamPercent: number;
  /** Ham judged spam. */
  readonly hamErrorPercent: number;
  /** Spam judged ham. */
  readonly spamErrorPercent: number;
  /** The spam that is missed at the lowest threshold that loses at most 0.1 % of the ham ("h.1"). */
  readonly spamMissedAtHamPoint1Percent: number;
}

/** An error rate as a count. */
export interface Errors {
  readonly wrong: number;
  readonly of: number;
}

/** The figures of a number of judgements, in any order. RangeError if a score is NaN. */
export function figures(judged: readonly Judged[]): Figures {
  const ham: Errors = errorsOf(judged.filter(({ spam }) => !spam));
  const spam: Errors = errorsOf(judged.filter(({ spam }) => spam));
  const groups = rankedGroups(judged);
  return {
    messages: judged.length,
    ham: ham.of,
    spam: spam.of,
    oneMinusRocaPercent: inHundred(misrankedShare(groups)),
    lamPercent: inHundred(logisticAverage(ham, spam)),
    hamErrorPercent: inHundred(ham.wrong / ham.of),
    spamErrorPercent: inHundred(spam.wrong / spam.of),
    // In whole numbers: a thousandth is no binary fraction.
    spamMissedAtHamPoint1Percent: inHundred(spamMissedAt(groups, Math.floor(ham.of / 1000))),
  };
}

/**
 * The error rate whose log odds lie midway between those of two error rates, from 0 to 1.
 *
 * No errors, or nothing but errors, have no log odds; there, and only there, the rate is taken as (errors +
 * 0.5) / (messages + 1). All other rates are as they are, so that the figure can be recomputed from the two
 * percentages.
 */
export function logisticAverage(ham: Errors, spam: Errors): number {
  return 1 / (1 + Math.exp(-(logit(ham) + logit(spam)) / 2));
}

function logit({ wrong, of }: Errors): number {
  const rate = wrong === 0 || wrong === of ? (wrong + 0.5) / (of + 1) : wrong / of;
  return of === 0 ? NaN : Math.log(rate / (1 - rate));
}

function errorsOf(judged: readonly Judged[]): Errors {
  return { wrong: judged.filter(({ spam, judgedSpam }) => spam !== judgedSpam).length, of: judged.length };
}
