/** `tamis users`: who is known. */
import { TamisError } from '../errors.ts';
import { userName, withUser } from '../judge/users.ts';
import { openStore } from '../store/open.ts';
import {
  configOf,
  jsonOption,
  patience,
  print,
  printable,
  type Command,
  type CommonArguments,
} from './command.ts';

interface UsersArguments extends CommonArguments {
  action: string;
  name: string | undefined;
  json: boolean;
}

type Action = (argv: UsersArguments) => Promise<void>;

const actions: Readonly<Record<string, Action>> = { list, add, remove };

/** The command. */
export const usersCommand: Command<UsersArguments> = {
  command: 'users <action> [name]',
  describe: 'List the users, add one, or remove one with all that it taught.',
  builder: (yargs) =>
    jsonOption(
      yargs
        .positional('action', { type: 'string', choices: Object.keys(actions), demandOption: true })
        .positional('name', { type: 'string' }),
    ),
  handler: async (argv) => {
    await actions[argv.action]?.(argv);
  },
};

async function list({ json, ...options }: UsersArguments): Promise<void> {
  const config = configOf(options);
  const store = await openStore(config.settings.store, config.home);
  const names: string[] = [];
  for await (const name of store.users()) names.push(name);
  await store.close();
  names.sort();
  print(json, names, () => names.map(printable));
}

async function add({ name, ...options }: UsersArguments): Promise<void> {
  await withUser(configOf(options), named(name), { create: true, wait: patience }, () => Promise.resolve());
}

async function remove({ name: given, ...options }: UsersArguments): Promise<void> {
  const name = named(given);
  const config = configOf(options);
  const store = await openStore(config.settings.store, config.home);
  const removed = await store.remove(userName(name, config), { wait: patience });
  await store.close();
  if (!removed) throw new TamisError('USER', `There is no user ${JSON.stringify(name)} in ${config.home}.`);
}

function named(name: string | undefined): string {
  if (name !== undefined && name !== '') return name;
  throw new TamisError('USAGE', 'Wrong command line: users add and users remove take a NAME.');
}
