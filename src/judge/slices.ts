/**
 * Long work on one user's data, in slices of less than a second. Between slices the user's store is let go of, so that mail is
 * judged meanwhile.
 */
import { setTimeout } from 'node:timers/promises';
import type { Config } from '../config/load.ts';
import type { TokenRows, UserStore } from '../store/contract.ts';
import { unknownUser, withUser } from './users.ts';

/** How long a slice may hold the store, in milliseconds. */
const sliceLength = 700;
/** How long the store is left to others after a slice, in milliseconds: more than the 20 between their tries (store/). */
const pause = 50;
/** How long to wait for the store before a slice, in milliseconds. */
export const patience = 60_000;

/**
 * Does work, a slice at a time, until it is done.
 *
 * @param create Whether to make the user if unknown.
 * @param work One slice, which ends soon after `isOver` says so; resolves to whether all is done.
 * @throws TamisError USER if the user is unknown, or is removed meanwhile.
 */
export async function inSlices(
  config: Config,
  user: string,
  create: boolean,
  work: (store: UserStore, isOver: () => boolean) => Promise<boolean>,
): Promise<void> {
  const slice = async (): Promise<boolean> =>
    await withUser(config, user, { create, wait: patience }, async (store) => {
      if (store === undefined) throw unknownUser(config, user);
      const end = performance.now() + sliceLength;
      return await work(store, () => performance.now() >= end);
    });
  while (!(await slice())) await setTimeout(pause);
}

/**
 * Does work for each chunk of a user's tokens, in the order of the store. What mail changes behind the place that the work has
 * come to is not seen again.
 *
 * @throws TamisError USER if the user is unknown, or is removed meanwhile.
 */
export async function forEachTokens(
  config: Config,
  user: string,
  work: (rows: TokenRows, store: UserStore) => Promise<void> | void,
): Promise<void> {
  let after: bigint | undefined;
  await inSlices(config, user, false, async (store, isOver) => {
    for await (const rows of store.tokens(after)) {
      await work(rows, store);
      after = rows.keys.at(-1);
      if (isOver()) return false;
    }
    return true;
  });
}
