/**
 * The pair learner: counts of messages per class for each pair of words, combined as OSBF-Lua does it (Assis 2006: a
 * naive Bayes whose every feature is weighed by how sure it is, the "exponential differential document count").
 *
 * A record holds `a`, the times the pair was counted in spam, and `b`, in innocent mail.
 */
import type { Trained } from './evidence.ts';

/** Counts below this difference of probability say nothing. */
const leastDifference = 1e-6;

/** How much a rare pair is doubted (K1 of OSBF). */
const doubt = 0.25;

/** OSBF's scale of log10 odds. */
const scale = 0.59;

/** The least that one pair's probability counts. */
const floor = 1e-9;

/** The scaled log odds of spam that the pairs `from` to `to` of a message argue for. */
export function pairScore(values: Int32Array, from: number, to: number, trained: Trained): number {
  const spamMessages = Math.max(1, trained.spam);
  const innocentMessages = Math.max(1, trained.innocent);
  let sum = Math.log10(spamMessages / innocentMessages);
  for (let i = from; i < to; i++) {
    const odds = pairOdds(values[2 * i] ?? 0, values[2 * i + 1] ?? 0, spamMessages, innocentMessages);
    sum += odds;
  }
  return scale * sum;
}

/** The scaled log odds of spam that one pair argues for. */
export function pairWeight(spam: number, innocent: number, trained: Trained): number {
  return scale * pairOdds(spam, innocent, Math.max(1, trained.spam), Math.max(1, trained.innocent));
}

/** The log10 odds of spam that one pair argues for, by its counts. */
function pairOdds(spam: number, innocent: number, spamMessages: number, innocentMessages: number): number {
  const a = Math.max(0, spam);
  const b = Math.max(0, innocent);
  if (a + b === 0) return 0;
  const pSpam = Math.min(1, a / spamMessages);
  const pInnocent = Math.min(1, b / innocentMessages);
  if (Math.abs(pSpam - pInnocent) < leastDifference) return 0;
  const most = Math.max(spamMessages, innocentMessages);
  const difference = (pSpam - pInnocent) * most;
  const sum = (pSpam + pInnocent) * most;
  const sureness = Math.max(0, (difference * difference - doubt / (a + b)) / (sum * sum)) ** 2;
  const spamSide = Math.max(floor, 0.5 + sureness * (pSpam - 0.5));
  const innocentSide = Math.max(floor, 0.5 + sureness * (pInnocent - 0.5));
  return Math.log10(spamSide / innocentSide);
}

/** Counts the pairs `times` more (or fewer, if negative) in a class, in `values`. */
export function pairCount(values: Int32Array, from: number, to: number, spam: boolean, times: number): void {
  const side = spam ? 0 : 1;
  for (let i = from; i < to; i++) values[2 * i + side] = (values[2 * i + side] ?? 0) + times;
}
