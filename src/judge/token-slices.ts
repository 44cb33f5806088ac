/**
 * Work on all tokens of a user, in slices of less than a second. Between slices the user's store is let go of, so that mail is
 * judged meanwhile; what mail changes behind the place that the work has come to is not seen again.
 */
import { setTimeout } from 'node:timers/promises';
import type { Config } from '../config/load.ts';
import type { TokenRows, UserStore } from '../store/contract.ts';
import { withKnownUser } from './users.ts';

/** How long a slice may hold the store, in milliseconds. */
const sliceLength = 700;
/** How long the store is left to others after a slice, in milliseconds: more than the 20 between their tries (store/). */
const pause = 50;
/** How long to wait for the store before a slice, in milliseconds. */
const patience = 60_000;

/**
 * Does work for each chunk of tokens, in the order of the store.
 *
 * @throws TamisError USER if the user is unknown, or is removed meanwhile.
 */
export async function forEachTokens(
  config: Config,
  user: string,
  work: (rows: TokenRows, store: UserStore) => Promise<void> | void,
): Promise<void> {
  let after: bigint | undefined;
  for (let slices = 0; ; slices++) {
    if (slices > 0) await setTimeout(pause);
    const done = await withKnownUser(config, user, patience, async (store) => {
      const end = performance.now() + sliceLength;
      for await (const rows of store.tokens(after)) {
        await work(rows, store);
        after = rows.keys.at(-1);
        if (performance.now() >= end) return false;
      }
      return true;
    });
    if (done) return;
  }
}
