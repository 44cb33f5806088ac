/** The users that a program works on: those that are named, else all of the home. */
import type { Config } from '../../config/load.ts';
import { eachUser, withKnownUser } from '../../judge/users.ts';
import type { UserStore } from '../../store/contract.ts';
import { patience } from '../command.ts';

/** Does work for each user, one after the other. */
export async function forEachUser(
  config: Config,
  named: readonly string[],
  work: (store: UserStore, name: string) => Promise<void>,
): Promise<void> {
  for await (const name of named.length > 0 ? named : eachUser(config)) {
    await withKnownUser(config, name, patience, (store) => work(store, name));
  }
}
