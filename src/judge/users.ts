/** From a user name, as a mail host gives it, to that user's store. */
import type { Config } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { TamisError } from '../errors.ts';
import { counters, type OpenOptions, type Totals, type UserStore } from '../store/contract.ts';
import { openStore } from '../store/open.ts';
import type { TokenMemory } from './dspam-filter.ts';
import { preferenceNote } from './preferences.ts';
import type { Memory } from './userfilter.ts';

/**
 * The name under which a user is kept: lower-cased unless the site says otherwise. Names are UTF-8: Node reads every byte of the
 * command line that is none as U+FFFD, so that names that differ only in such bytes are one user.
 *
 * @throws TamisError USER for an empty name.
 */
export function userName(given: string, { settings }: Config): string {
  const name = settings.lowerCaseUsers ? given.toLowerCase() : given;
  if (name === '') throw new TamisError('USER', 'The user name is empty: --user takes a name.');
  return name;
}

/**
 * The user of a name that mail came for: without the detail that `recipientDelimiter` begins, so that `joe+lists@example.org` is `joe@example.org`. A delimiter in
 * front begins none, because an empty user would be everybody's.
 */
export function withoutDetail(
  given: string,
  { recipientDelimiter }: Pick<Settings, 'recipientDelimiter'>,
): string {
  if (recipientDelimiter === '') return given;
  const at = given.includes('@') ? given.lastIndexOf('@') : given.length;
  const cut = Array.from(given.slice(0, at)).findIndex(
    (one, place) => place > 0 && recipientDelimiter.includes(one),
  );
  return cut < 0 ? given : Array.from(given).slice(0, cut).join('') + given.slice(at);
}

/** Opens a user for some work and lets go of everything afterwards. An unknown user is undefined unless created. */
export async function withUser<Result>(
  config: Config,
  given: string,
  options: OpenOptions,
  work: (user: UserStore | undefined) => Promise<Result>,
): Promise<Result> {
  const store = await openStore(config.settings.store, config.home);
  try {
    const user = await store.open(userName(given, config), { ahead: [preferenceNote], ...options });
    try {
      return await work(user);
    } finally {
      await user?.close();
    }
  } finally {
    await store.close();
  }
}

/**
 * Opens a user who must exist.
 *
 * @throws TamisError USER that names the user and says how to add one.
 */
export async function withKnownUser<Result>(
  config: Config,
  given: string,
  wait: number,
  work: (user: UserStore) => Promise<Result>,
): Promise<Result> {
  return await withUser(config, given, { create: false, wait }, (user) => {
    if (user === undefined) throw unknownUser(config, given);
    return work(user);
  });
}

/** The error for a user who must exist and does not. */
export function unknownUser(config: Config, given: string): TamisError {
  const sentence = `There is no user ${JSON.stringify(userName(given, config))} in ${config.home}; train one, or: tamis users add NAME.`;
  return new TamisError('USER', sentence);
}

/** The names of all users, one at a time. */
export async function* eachUser(config: Config): AsyncGenerator<string> {
  const store = await openStore(config.settings.store, config.home);
  try {
    yield* store.users();
  } finally {
    await store.close();
  }
}

/** The memory of a user who is unknown: nothing is there, and nothing is kept. */
export const blankMemory: Memory & TokenMemory = {
  readFeatures: (keys) => Promise.resolve(new Int32Array(2 * keys.length)),
  readTokens: (keys) => Promise.resolve(new Int32Array(2 * keys.length)),
  totals: () => Promise.resolve(Object.fromEntries(counters.map((counter) => [counter, 0])) as Totals),
  note: () => Promise.resolve(undefined),
  apply: () => Promise.resolve(),
};
