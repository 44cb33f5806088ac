/** `tamis purge`: removes what has expired, for one user or all. */
import { withKnownUser } from '../judge/users.ts';
import { openStore } from '../store/open.ts';
import { configOf, jsonOption, patience, print, type Command, type CommonArguments } from './command.ts';

interface PurgeArguments extends CommonArguments {
  user: string | undefined;
  json: boolean;
}

/** The command. */
export const purgeCommand: Command<PurgeArguments> = {
  command: 'purge',
  describe: 'Remove expired signatures of one user, or of all.',
  builder: (yargs) =>
    jsonOption(yargs.option('user', { type: 'string', requiresArg: true, describe: 'Whose.' })),
  handler: async ({ user, json, ...options }) => {
    const config = configOf(options);
    const names = user === undefined ? [] : [user];
    if (user === undefined) {
      const store = await openStore(config.settings.store, config.home);
      for await (const name of store.users()) names.push(name);
      await store.close();
    }
    let purged = 0;
    for (const name of names) {
      purged += await withKnownUser(config, name, patience, (store) =>
        store.purge(Math.floor(Date.now() / 1000)),
      );
    }
    print(json, { users: names.length, purged }, () => [
      `${purged} expired signatures of ${names.length} users removed`,
    ]);
  },
};
