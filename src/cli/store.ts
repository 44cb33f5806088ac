/** `tamis store`: makes the store's tables, looks whether it is well, and copies one store to another. */
import { describe, TamisError } from '../errors.ts';
import { log } from '../log.ts';
import type { Store } from '../store/contract.ts';
import { copyUser } from '../store/copy.ts';
import { openStore } from '../store/open.ts';
import { configOf, jsonOption, patience, print, type Command, type CommonArguments } from './command.ts';

interface StoreArguments extends CommonArguments {
  action: string;
  from: string | undefined;
  to: string | undefined;
  json: boolean;
}

type Action = (argv: StoreArguments) => Promise<void>;

const actions: Readonly<Record<string, Action>> = { init, check, copy };

/** Milliseconds between two lines that say how far a copy is. */
const interval = 10_000;

/** The command. */
export const storeCommand: Command<StoreArguments> = {
  command: 'store <action> [from] [to]',
  describe: 'Make the tables of the store, check it, or copy all users FROM one store TO another.',
  builder: (yargs) =>
    jsonOption(
      yargs
        .positional('action', { type: 'string', choices: Object.keys(actions), demandOption: true })
        .positional('from', { type: 'string', describe: 'copy: as the setting store.' })
        .positional('to', { type: 'string', describe: 'copy: as the setting store.' }),
    ),
  handler: async (argv) => {
    await actions[argv.action]?.(argv);
  },
};

async function init(argv: StoreArguments): Promise<void> {
  const { settings, home } = configOf(argv);
  await using(settings.store, home, (store) => store.init());
}

/** Reads every record of every user, so that what cannot be read is found. */
async function check(argv: StoreArguments): Promise<void> {
  const { settings, home } = configOf(argv);
  await using(settings.store, home, async (store) => {
    const figures = { users: 0, features: 0, tokens: 0, notes: 0, problems: [...(await store.check())] };
    for await (const name of store.users()) {
      figures.users++;
      try {
        const user = await store.open(name, { create: false, wait: patience });
        if (user === undefined) continue;
        for await (const { keys } of user.features()) figures.features += keys.length;
        for await (const { keys } of user.tokens()) figures.tokens += keys.length;
        for await (const chunk of user.notes()) figures.notes += chunk.length;
        await user.close();
      } catch (error) {
        figures.problems.push(`${name}: ${describe(error)}`);
      }
    }
    const { users, features, tokens, notes, problems } = figures;
    print(argv.json, figures, () => [
      `${users} users, ${features} features, ${tokens} tokens, ${notes} notes`,
      ...problems,
    ]);
    if (problems.length > 0)
      throw new TamisError('STORE_FAILED', `The store has problems: ${problems.length}.`);
  });
}

async function copy(argv: StoreArguments): Promise<void> {
  const { from, to, json } = argv;
  if (from === undefined || to === undefined) {
    throw new TamisError(
      'USAGE',
      'Wrong command line: store copy takes FROM and TO, each as the setting store.',
    );
  }
  const { home } = configOf(argv);
  const figures = { users: 0, features: 0, tokens: 0, notes: 0 };
  await using(from, home, (source) =>
    using(to, home, async (target) => {
      await target.init();
      let told = performance.now();
      for await (const name of source.users()) {
        const copied = await copyUser(source, target, name, patience);
        figures.users++;
        figures.features += copied.features;
        figures.tokens += copied.tokens;
        figures.notes += copied.notes;
        if (performance.now() - told < interval) continue;
        told = performance.now();
        log(`${figures.users} users are copied`);
      }
    }),
  );
  const { users, features, tokens, notes } = figures;
  print(json, figures, () => [
    `${users} users are equal in both; ${features} features, ${tokens} tokens and ${notes} notes were written`,
  ]);
}

async function using(location: string, home: string, work: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore(location, home);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}
