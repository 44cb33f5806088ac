/**
 * The words of a command line: the table of the filter's options for two readers, and how it is cut up for the filter by it.
 * On the way of a message that is Node's own parser, because yargs takes 75 ms to load; yargs has the table for `--help`.
 *
 * An option that takes a value takes the next word, whatever that looks like: a user's name may begin with `-`.
 */
import { parseArgs } from 'node:util';
import type { Options } from 'yargs';

/** The folder for spam where no other is named. */
export const defaultSpamFolder = '.Spam';

/** Options of every command. */
export const commonOptions: Readonly<Record<string, Options>> = {
  home: { type: 'string', describe: 'The directory that holds what users taught.', requiresArg: true },
  config: {
    type: 'string',
    describe: 'The configuration file (default /etc/tamis/tamis.toml).',
    requiresArg: true,
  },
  set: { type: 'string', array: true, nargs: 1, describe: 'KEY=VALUE: overrides a setting; repeatable.' },
};

/** Options of the filter. */
export const filterOptions: Readonly<Record<string, Options>> = {
  user: { type: 'string', describe: 'Whose filter judges or learns.', requiresArg: true },
  deliver: {
    type: 'string',
    describe:
      'stdout, summary, exec (with -- CMD ARG…) or maildir:PATH (default stdout); or, as DSPAM has it, a list of innocent, spam, summary and stdout.',
    requiresArg: true,
  },
  stdout: { type: 'boolean', describe: 'What --deliver=innocent,spam lists goes to stdout.' },
  classify: { type: 'boolean', describe: 'Print the summary line; learn nothing, write nothing.' },
  class: { type: 'string', describe: 'Learn the message as spam or innocent.', requiresArg: true },
  source: {
    type: 'string',
    describe: 'Where the class comes from: corpus, error or inoculation.',
    requiresArg: true,
  },
  signature: { type: 'string', describe: 'The signature of the message to learn.', requiresArg: true },
  'signed-only': {
    type: 'boolean',
    describe: 'Learn only what the filter has signed for this user; for addresses that anybody can write to.',
  },
  mode: {
    type: 'string',
    describe: 'The training mode: toe, teft, tum or notrain; unlearn takes back what was learned.',
    requiresArg: true,
  },
  'spam-folder': {
    type: 'string',
    describe: 'With maildir: the folder for spam; empty: the inbox.',
    default: defaultSpamFolder,
    requiresArg: true,
  },
  client: { type: 'boolean', describe: 'Let the daemon judge (tamis serve --socket), as tamisc does.' },
  socket: { type: 'string', describe: 'With --client: where the daemon listens.', requiresArg: true },
  'on-error': {
    type: 'string',
    describe: 'When judging fails: pass the message unjudged, or defer (exit 75).',
    default: 'pass',
    requiresArg: true,
  },
};

const table: Readonly<Record<string, Options>> = { ...commonOptions, ...filterOptions };

/** What an option of the filter takes; undefined if there is no such option. */
export function typeOf(name: string): 'string' | 'boolean' | undefined {
  const type = Object.hasOwn(table, name) ? table[name]?.type : undefined;
  return type === 'string' || type === 'boolean' ? type : undefined;
}

/** A piece of a command line; `index` is that of the word it begins in. */
export type Token =
  | {
      readonly kind: 'option';
      readonly index: number;
      readonly name: string;
      readonly value?: string | undefined;
    }
  | { readonly kind: 'positional'; readonly index: number; readonly value: string }
  | { readonly kind: 'option-terminator'; readonly index: number };

/** Cuts up a command line by the table. Never throws. */
export function tokensOf(argv: readonly string[]): readonly Token[] {
  const options = Object.fromEntries(
    Object.keys(table).map((name) => [name, { type: typeOf(name) ?? 'string' }] as const),
  );
  return parseArgs({ args: [...argv], options, strict: false, tokens: true }).tokens;
}

/** The command line with values tied to their options by `=`, for yargs, which takes a word that begins with `-` for an option. */
export function tied(argv: readonly string[]): string[] {
  const words: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const [word = '', value] = argv.slice(at, at + 2);
    if (word === '--') return [...words, ...argv.slice(at)];
    const takes = word.startsWith('--') && typeOf(word.slice(2)) === 'string' && value !== undefined;
    words.push(takes ? `${word}=${value}` : word);
    if (takes) at++;
  }
  return words;
}
