/**
 * Removes tokens of DSPAM's engine that were not seen for long and say little: DSPAM's dspam_clean and its script purge-4.1.sql.
 *
 * A token goes if it was last hit more days ago than one of these ages allows; an age of 0 never does:
 *
 *     hapaxes   2 · innocent hits + spam hits < 5
 *     hits1S    one spam hit and no innocent one
 *     hits1I    one innocent hit and no spam one
 *     neutral   its probability lies between .35 and .65, that of a token with too few hits included
 *     unused    any; not in the modes toe and notrain, which do not touch known tokens, and in tum only below 50 hits
 *
 * Different from DSPAM: with PValue markov it takes every token for neutral, because it has no names to weigh; here PValue bcr tells then. A token
 * whose day is not known stays. What mail adds to a token at the same time is kept: the hits that were seen are taken off.
 */
import { probabilityFor } from '../classifier/dspam/probability.ts';
import type { Config } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { TokenRows, Totals } from '../store/contract.ts';
import { countsOf } from './counts.ts';
import { optionsOf } from './dspam-filter.ts';
import { forEachTokens, patience } from './slices.ts';
import { withKnownUser } from './users.ts';

const neutral = { from: 0.35, to: 0.65 } as const;
const hapaxWeight = 5;
/** Hits from which tum takes a token as mature, and leaves it alone. */
const mature = 50;

/**
 * Purges one user's tokens, in slices between which mail is judged; resolves to how many went.
 *
 * @param today Days since 1970.
 * @throws TamisError USER if the user is unknown.
 */
export async function purgeTokens(config: Config, user: string, today: number): Promise<number> {
  const totals = await withKnownUser(config, user, patience, (store) => store.totals());
  const goes = purgeRule(config.settings, totals);
  let removed = 0;
  await forEachTokens(config, user, async (rows, store) => {
    const gone = rowsThat(rows, (spam, innocent, day) => day !== 0 && goes(spam, innocent, today - day));
    if (gone.keys.length === 0) return;
    await store.apply({ tokens: gone });
    removed += gone.keys.length;
  });
  return removed;
}

/** Whether a token with these hits goes at this age. */
function purgeRule(
  settings: Settings,
  totals: Totals,
): (spam: number, innocent: number, age: number) => boolean {
  const { trainingMode, purgeUnused, purgeNeutral, purgeHapaxes, purgeHits1S, purgeHits1I } = settings;
  const options = optionsOf(settings);
  const pValue = options.pValue === 'markov' ? 'bcr' : options.pValue;
  const probability = probabilityFor(countsOf(totals, 'dspam'), { ...options, pValue });
  const unusedBelow = { teft: Infinity, tum: mature, toe: 0, notrain: 0 }[trainingMode];
  const older = (age: number, limit: number): boolean => limit !== 0 && age > limit;
  return (spam, innocent, age) => {
    if (older(age, purgeHapaxes) && 2 * innocent + spam < hapaxWeight) return true;
    if (older(age, purgeHits1S) && spam === 1 && innocent === 0) return true;
    if (older(age, purgeHits1I) && spam === 0 && innocent === 1) return true;
    if (older(age, purgeUnused) && spam + innocent < unusedBelow) return true;
    if (!older(age, purgeNeutral)) return false;
    const p = probability('', { spam, innocent });
    return p >= neutral.from && p <= neutral.to;
  };
}

/** The deltas that remove the rows for which a test holds. */
function rowsThat(
  { keys, values, days }: TokenRows,
  test: (spam: number, innocent: number, day: number) => boolean,
): TokenRows {
  const found: number[] = [];
  for (let at = 0; at < keys.length; at++) {
    if (test(values[2 * at] ?? 0, values[2 * at + 1] ?? 0, days?.[at] ?? 0)) found.push(at);
  }
  return {
    keys: BigUint64Array.from(found, (at) => keys[at] ?? 0n),
    values: Int32Array.from(found.flatMap((at) => [-(values[2 * at] ?? 0), -(values[2 * at + 1] ?? 0)])),
  };
}
