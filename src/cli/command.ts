/** What the commands beside the filter share: their frame in yargs, their options, their ways to print. */
import type { Argv, CommandModule } from 'yargs';
import { actAsOwner, loadConfig, type Config } from '../config/load.ts';
import { writeAll } from '../filter/output.ts';

/** Options that every command takes, as yargs gives them. */
export interface CommonArguments {
  readonly home?: string | undefined;
  readonly config?: string | undefined;
  readonly set?: string[] | undefined;
}

/** A command: it resolves to nothing and throws TamisError. */
export type Command<Arguments extends CommonArguments> = CommandModule<CommonArguments, Arguments>;

/** How long a command waits for a store that another process holds, in milliseconds. */
export const patience = 60_000;

/** The configuration in force for a command; a command that root runs goes on as the owner of the home. @param readable See actAsOwner (config/load.ts). */
export function configOf(argv: CommonArguments, readable?: string): Config {
  const config = loadConfig(argv);
  actAsOwner(config.home, readable);
  return config;
}

/** `--user`, required. */
export function userOption<T>(yargs: Argv<T>): Argv<T & { user: string }> {
  return yargs.option('user', {
    type: 'string',
    requiresArg: true,
    demandOption: 'name the user: --user NAME',
    describe: 'Whose filter.',
  });
}

/** `--json`. */
export function jsonOption<T>(yargs: Argv<T>): Argv<T & { json: boolean }> {
  return yargs.option('json', { type: 'boolean', default: false, describe: 'Print JSON.' });
}

/** A text that somebody else made up, on a terminal: what is no character to be seen is a dot. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '·');
}

/**
 * Prints a result on stdout: a value as JSON, or its lines for a person.
 *
 * @throws TamisError OUTPUT if it cannot be written.
 */
export function print(json: boolean, value: unknown, lines: () => readonly string[]): void {
  const text = json ? JSON.stringify(value) : lines().join('\n');
  if (text === '') return;
  writeAll(1, Buffer.from(`${text}\n`), 'stdout');
}
