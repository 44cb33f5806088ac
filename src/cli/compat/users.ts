/** The users that a program works on: those that are named, else all of the home; and which counters and tokens are theirs. */
import type { Config } from '../../config/load.ts';
import { withKnownUser } from '../../judge/users.ts';
import type { Totals, UserStore } from '../../store/contract.ts';
import { openStore } from '../../store/open.ts';
import { patience } from '../command.ts';

/** DSPAM's totals, whichever engine learns. */
export interface DspamCounts {
  readonly spamLearned: number;
  readonly innocentLearned: number;
  readonly spamMisclassified: number;
  readonly innocentMisclassified: number;
  readonly spamCorpusfed: number;
  readonly innocentCorpusfed: number;
  readonly spamClassified: number;
  readonly innocentClassified: number;
}

/** The totals of the engine that is set. */
export function countsOf(totals: Totals, { settings }: Config): DspamCounts {
  if (settings.engine === 'tamis') return totals;
  return {
    spamLearned: totals.dspamSpamLearned,
    innocentLearned: totals.dspamInnocentLearned,
    spamMisclassified: totals.dspamSpamMisclassified,
    innocentMisclassified: totals.dspamInnocentMisclassified,
    spamCorpusfed: totals.dspamSpamCorpusfed,
    innocentCorpusfed: totals.dspamInnocentCorpusfed,
    spamClassified: totals.dspamSpamClassified,
    innocentClassified: totals.dspamInnocentClassified,
  };
}

/** Does work for each user, one after the other. */
export async function forEachUser(
  config: Config,
  named: readonly string[],
  work: (store: UserStore, name: string) => Promise<void>,
): Promise<void> {
  for await (const name of named.length > 0 ? named : allUsers(config)) {
    await withKnownUser(config, name, patience, (store) => work(store, name));
  }
}

async function* allUsers(config: Config): AsyncGenerator<string> {
  const store = await openStore(config.settings.store, config.home);
  try {
    yield* store.users();
  } finally {
    await store.close();
  }
}
