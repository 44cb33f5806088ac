/**
 * The sender learner: how often the domain that a message says to be from has sent spam and innocent mail, as log odds
 * ln((a + ½) / (b + ½)), the estimate of Krichevsky and Trofimov (1981) of a coin's odds from few throws.
 *
 * People have correspondents: mail from where only wanted mail has come is wanted though its text looks like nothing seen before,
 * and the other way round. Grams of the address know it too, but a domain is twenty of a thousand grams; here it has a voice of its own,
 * a small one (its bound is in classifier.ts), because anybody can write any domain.
 *
 * A record holds counts, as that of a pair, but only of what a person tells.
 */
import type { Range } from './evidence.ts';
import { wholeMessage } from './pairs.ts';

/** What stands in for messages that might have come. */
const prior = wholeMessage / 2;

/** The log odds of spam that the sender argues for; 0 if it is not known. */
export function senderScore(values: Int32Array, { from, to }: Range): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const a = Math.max(0, values[2 * i] ?? 0);
    const b = Math.max(0, values[2 * i + 1] ?? 0);
    sum += Math.log((a + prior) / (b + prior));
  }
  return sum;
}
