/**
 * A token as dspam_dump prints it (DSPAM's captures 68 and 69):
 *
 *     6625426497525293056  S: 00012  I: 00004  P: 0.8289 LH: Sun Nov 22 21:35:45 2026
 *
 * The probability is the token's without bias, sedated as the settings say; where PValue is markov it says nothing, because that
 * weighs a token by its name, which is not kept. The last hit is known to the day, and printed as its local midnight.
 */
import { decimals } from '../classifier/dspam/decimals.ts';
import { probabilityFor, type Hits } from '../classifier/dspam/probability.ts';
import type { Config } from '../config/load.ts';
import { ctime } from '../filter/headers.ts';
import { countsOf } from '../judge/counts.ts';
import { optionsOf } from '../judge/dspam-filter.ts';
import type { TokenRows, Totals } from '../store/contract.ts';

/** A token with what is known of it. */
export interface TokenRow extends Hits {
  readonly token: bigint;
  /** Days since 1970; 0: not known. */
  readonly day: number;
}

/** How DSPAM names a token of which it knows the key alone. */
const nameless = 'E: ';

/** The columns of a chunk as rows. */
export function rowsOf({ keys, values, days }: TokenRows): TokenRow[] {
  return Array.from(keys, (token, at) => ({
    token,
    spam: values[2 * at] ?? 0,
    innocent: values[2 * at + 1] ?? 0,
    day: days?.[at] ?? 0,
  }));
}

/** Makes the line of a token up to its probability. */
export function hitsLine({ settings }: Config, totals: Totals): (row: Omit<TokenRow, 'day'>) => string {
  const probability = probabilityFor(countsOf(totals, 'dspam'), { ...optionsOf(settings), bias: false });
  const five = (count: number): string => String(count).padStart(5, '0');
  return ({ token, spam, innocent }) => {
    const p = decimals(probability(nameless, { spam, innocent }), 4);
    return `${token.toString().padEnd(20)} S: ${five(spam)}  I: ${five(innocent)}  P: ${p}`;
  };
}

/** The rest of the line: the local midnight at which the day of the last hit began; now, where that is not known. */
export function lastHit(day: number): string {
  const date = new Date(day * 86_400_000);
  const midnight = new Date(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return ` LH: ${ctime(day === 0 ? new Date() : midnight)}`;
}
