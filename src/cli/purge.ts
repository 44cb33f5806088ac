/**
 * `tamis purge`: removes expired signatures, and tokens of DSPAM's engine that were not seen for long, for one user or all. For cron;
 * mail is judged meanwhile.
 */
import { purgeTokens } from '../judge/token-purge.ts';
import { eachUser, withKnownUser } from '../judge/users.ts';
import { configOf, jsonOption, patience, print, type Command, type CommonArguments } from './command.ts';

interface PurgeArguments extends CommonArguments {
  user: string | undefined;
  json: boolean;
}

/** The command. */
export const purgeCommand: Command<PurgeArguments> = {
  command: 'purge',
  describe: 'Remove expired signatures and old tokens of one user, or of all.',
  builder: (yargs) =>
    jsonOption(yargs.option('user', { type: 'string', requiresArg: true, describe: 'Whose.' })),
  handler: async ({ user, json, ...options }) => {
    const config = configOf(options);
    const now = Math.floor(Date.now() / 1000);
    const names = user === undefined ? eachUser(config) : [user];
    let users = 0;
    let purged = 0;
    let tokens = 0;
    for await (const name of names) {
      users++;
      purged += await withKnownUser(config, name, patience, (store) => store.purge(now));
      tokens += await purgeTokens(config, name, Math.floor(now / 86_400));
    }
    print(json, { users, purged, tokens }, () => [
      `${purged} expired signatures and ${tokens} old tokens of ${users} users removed`,
    ]);
  },
};
