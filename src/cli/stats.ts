/** `tamis stats`: what a user's filter has seen and learned, in DSPAM's totals. */
import { withKnownUser } from '../judge/users.ts';
import { counters } from '../store/contract.ts';
import {
  configOf,
  jsonOption,
  patience,
  print,
  userOption,
  type Command,
  type CommonArguments,
} from './command.ts';

interface StatsArguments extends CommonArguments {
  user: string;
  json: boolean;
}

/** The command. */
export const statsCommand: Command<StatsArguments> = {
  command: 'stats',
  describe: 'Print what a user has taught and how much mail was judged.',
  builder: (yargs) => jsonOption(userOption(yargs)),
  handler: async ({ user, json, ...options }) => {
    const config = configOf(options);
    await withKnownUser(config, user, patience, async (store) => {
      const totals = await store.totals();
      const figures = { ...totals, ...(await store.sizes()) };
      print(json, figures, () => [
        ...counters.map(
          (counter) => `${words(counter).padEnd(24)}${totals[counter].toString().padStart(10)}`,
        ),
        `${'feature bytes'.padEnd(24)}${figures.featureBytes.toString().padStart(10)}`,
        `${'token bytes'.padEnd(24)}${figures.tokenBytes.toString().padStart(10)}`,
        `${'note bytes'.padEnd(24)}${figures.noteBytes.toString().padStart(10)}`,
      ]);
    });
  },
};

/** `spamLearned` as `spam learned`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
