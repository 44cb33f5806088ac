/**
 * The pair learner: counts of messages per class for each pair of words, combined as OSBF-Lua does it (Assis 2006: a
 * naive Bayes whose every feature is weighed by how sure it is, the "exponential differential document count").
 *
 * How much spam there was says nothing of the next message, so there is no prior: people teach what they come across, and mail
 * comes in bursts.
 *
 * A record holds `a`, how often the pair was counted in spam, and `b`, in innocent mail, both in quarters of a message: a
 * message whose class is only believed counts as a part of one.
 */
import type { Range, Trained } from './evidence.ts';

/** Parts that a whole message counts as. */
export const wholeMessage = 4;

/** Differences of probability below this say nothing. */
const leastDifference = 1e-6;

/** How much a rare pair is doubted (K1 of OSBF). */
const doubt = 0.25;

/** OSBF's scale of log10 odds. */
const scale = 0.59;

/** The least that one side of a pair's odds counts. */
const floor = 1e-9;

/** The scaled log odds of spam that some pairs of a message argue for. */
export function pairScore(values: Int32Array, { from, to }: Range, trained: Trained): number {
  const messages = messagesOf(trained);
  let sum = 0;
  for (let i = from; i < to; i++) {
    const a = values[2 * i] ?? 0;
    const b = values[2 * i + 1] ?? 0;
    if (a !== 0 || b !== 0) sum += pairOdds(a, b, messages);
  }
  return scale * sum;
}

/** The scaled log odds that each single pair adds, put into `weights` at its place. */
export function pairWeights(
  values: Int32Array,
  { from, to }: Range,
  trained: Trained,
  weights: Float64Array,
): void {
  const messages = messagesOf(trained);
  for (let i = from; i < to; i++) {
    weights[i] = scale * pairOdds(values[2 * i] ?? 0, values[2 * i + 1] ?? 0, messages);
  }
}

/** Counts the pairs `parts` of a message more (fewer, if negative) in a class, in `values`. */
export function pairCount(values: Int32Array, { from, to }: Range, spam: boolean, parts: number): void {
  for (let i = from; i < to; i++) {
    const at = 2 * i + (spam ? 0 : 1);
    values[at] = (values[at] ?? 0) + parts;
  }
}

function messagesOf({ spam, innocent }: Trained): Trained {
  return { spam: Math.max(1, spam / wholeMessage), innocent: Math.max(1, innocent / wholeMessage) };
}

/** The log10 odds of spam that one pair argues for, by its counts. */
function pairOdds(spam: number, innocent: number, messages: Trained): number {
  const a = Math.max(0, spam) / wholeMessage;
  const b = Math.max(0, innocent) / wholeMessage;
  const pSpam = Math.min(1, a / messages.spam);
  const pInnocent = Math.min(1, b / messages.innocent);
  if (a + b === 0 || Math.abs(pSpam - pInnocent) < leastDifference) return 0;
  const most = Math.max(messages.spam, messages.innocent);
  const difference = (pSpam - pInnocent) * most;
  const sum = (pSpam + pInnocent) * most;
  const sureness = Math.max(0, (difference * difference - doubt / (a + b)) / (sum * sum)) ** 2;
  const spamSide = Math.max(floor, 0.5 + sureness * (pSpam - 0.5));
  const innocentSide = Math.max(floor, 0.5 + sureness * (pInnocent - 0.5));
  return Math.log10(spamSide / innocentSide);
}
