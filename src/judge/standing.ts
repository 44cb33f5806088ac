/**
 * Which engine judges a user's mail.
 *
 * `engine` says it, but for users whose tokens were imported: of theirs the contest (contest.ts) tells, unless the command line has set `engine`, or `takeOver` is off.
 */
import type { Config } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { Totals, UserStore } from '../store/contract.ts';
import { contestOf, type Contest } from './contest.ts';

/** Who judges, and the contest of an imported user. */
export interface Standing {
  readonly judge: Settings['engine'];
  /** Set while both engines learn. */
  readonly contest?: Contest;
}

/**
 * Where a user stands.
 *
 * @param settings Those of the user.
 * @param totals The user's, if they have been read already.
 */
export async function standingOf(
  memory: Pick<UserStore, 'totals' | 'note'>,
  settings: Settings,
  { fixed = [] }: Pick<Config, 'fixed'>,
  totals?: Totals,
): Promise<Standing> {
  const { engine, takeOver } = settings;
  if (!takeOver || fixed.includes('engine')) return { judge: engine };
  const { dspamSpamLearned, dspamInnocentLearned } = totals ?? (await memory.totals());
  // Who never had tokens costs no more than that.
  if (dspamSpamLearned + dspamInnocentLearned === 0) return { judge: engine };
  const contest = await contestOf(memory);
  if (contest === undefined) return { judge: engine };
  return contest.over === undefined ? { judge: 'dspam', contest } : { judge: 'tamis' };
}
