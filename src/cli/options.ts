/**
 * The options of the filter, one table for two readers: yargs-parser on the way of a message, because yargs itself takes 75 ms to
 * load, and yargs for `--help`.
 */
import parse from 'yargs-parser';
import type { Options } from 'yargs';
import { TamisError } from '../errors.ts';
import type { ConfigOptions } from '../config/load.ts';
import type { Deliver } from '../filter/deliver.ts';
import type { TrainingMode } from '../judge/modes.ts';
import type { Source } from '../judge/notes.ts';
import type { Lesson } from '../judge/process.ts';

const defaultSpamFolder = '.Spam';

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
    describe: 'stdout, summary, exec (with -- CMD ARG…) or maildir:PATH (default stdout).',
    requiresArg: true,
  },
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
  mode: { type: 'string', describe: 'The training mode: toe, teft, tum or notrain.', requiresArg: true },
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

/** The filter's command line, understood. */
export interface FilterCommand {
  readonly user: string;
  /** Undefined with a class and no --deliver: then nothing goes out. */
  readonly deliver: Deliver | undefined;
  readonly onError: 'pass' | 'defer';
  readonly classify: boolean;
  readonly lesson: Lesson | undefined;
  /** In the place of the configuration's. */
  readonly mode: TrainingMode | undefined;
  /** Whether the daemon judges, and where it is asked. */
  readonly client: boolean;
  readonly daemon: string | undefined;
  readonly config: ConfigOptions;
}

/** What is known of a command line even where it is wrong: how to fail. */
export interface Fallback {
  /** Undefined: nothing goes out, the status says that it failed. */
  readonly deliver: Deliver | undefined;
  readonly onError: 'pass' | 'defer';
}

const classes: Readonly<Record<string, boolean>> = { spam: true, innocent: false, nonspam: false };
const modes = ['toe', 'teft', 'tum', 'notrain'] as const satisfies TrainingMode[];
const sources: readonly string[] = ['corpus', 'error', 'inoculation'] satisfies Source[];
const known: ReadonlySet<string> = new Set([...Object.keys(commonOptions), ...Object.keys(filterOptions)]);

/** The words of a command line before they are checked. */
export interface ParsedWords {
  readonly values: Readonly<Record<string, unknown>>;
  readonly words: readonly string[];
  readonly command: readonly string[];
}

/** Splits a command line by the table. Never throws. */
export function parseWords(argv: readonly string[]): ParsedWords {
  const all = { ...commonOptions, ...filterOptions };
  const ofType = (type: string): string[] =>
    Object.entries(all).flatMap(([name, option]) =>
      option.type === type && !('array' in option) ? [name] : [],
    );
  const {
    _: words,
    '--': command,
    ...values
  } = parse([...argv], {
    string: [...ofType('string'), 'set'],
    boolean: ofType('boolean'),
    array: ['set'],
    narg: { set: 1 },
    configuration: {
      'populate--': true,
      'camel-case-expansion': false,
      'dot-notation': false,
      'boolean-negation': false,
      'parse-positional-numbers': false,
      'duplicate-arguments-array': true,
      'short-option-groups': false,
    },
  });
  return { values, words: words.map(String), command: (command ?? []).map(String) };
}

/** How to fail with this command line, right or wrong: mail passes unless it clearly asks for something else. */
export function fallbackOf({ values, command }: ParsedWords): Fallback {
  const onError = one(values, 'on-error') === 'defer' ? 'defer' : 'pass';
  const word = one(values, 'deliver');
  const silent =
    values['classify'] === true ||
    (word === undefined && (values['class'] !== undefined || values['signature'] !== undefined));
  if (silent || word === 'summary') return { deliver: undefined, onError };
  try {
    return { deliver: deliverOf(values, command), onError };
  } catch {
    // A word that cannot be understood, or none, stands most likely in a pipe, where only stdout keeps the mail; exec and
    // maildir do not, and nobody would get what stdout does.
    const elsewhere = word !== undefined && /^(?:exec|maildir)/.test(word);
    return { deliver: elsewhere ? undefined : { kind: 'stdout' }, onError };
  }
}

/**
 * Understands a command line.
 *
 * @throws TamisError USAGE, a sentence that names the option.
 */
export function filterCommand(parsed: ParsedWords): FilterCommand {
  const { values, words } = parsed;
  for (const name of Object.keys(values)) {
    if (!known.has(name)) throw usage(`there is no option --${name}; see tamis --help`);
  }
  if (words.length > 0) throw usage(`there is no command ${JSON.stringify(words[0])}; see tamis --help`);
  const onError = one(values, 'on-error') ?? 'pass';
  if (onError !== 'pass' && onError !== 'defer')
    throw usage(`--on-error is pass or defer, not ${quoted(onError)}`);
  const user = one(values, 'user');
  if (user === undefined || user === '')
    throw new TamisError('USER', 'No user is given: --user takes a name.');
  const lesson = lessonOf(values);
  const classify = values['classify'] === true;
  if (classify && lesson !== undefined)
    throw usage('--classify learns nothing, so it cannot go with --class');
  const mode = one(values, 'mode');
  const sets = [...(Array.isArray(values['set']) ? values['set'].map(String) : [])];
  if (mode !== undefined) {
    if (!isMode(mode)) throw usage(`--mode is ${modes.join(', ')}, not ${quoted(mode)}`);
    sets.push(`trainingMode=${mode}`);
  }
  const quiet = classify || (lesson !== undefined && values['deliver'] === undefined);
  return {
    user,
    deliver: classify ? { kind: 'summary' } : quiet ? undefined : deliverOf(values, parsed.command),
    onError,
    classify,
    lesson,
    mode,
    daemon: one(values, 'socket'),
    client: values['client'] === true,
    config: { home: one(values, 'home'), config: one(values, 'config'), set: sets },
  };
}

function lessonOf(values: ParsedWords['values']): Lesson | undefined {
  const word = one(values, 'class');
  const source = one(values, 'source');
  const signature = one(values, 'signature');
  if (signature !== undefined && word === undefined) throw usage('--signature needs --class and --source');
  if (word === undefined && source === undefined) return undefined;
  if (word === undefined) throw usage('--source needs --class=spam or --class=innocent');
  if (source === undefined)
    throw usage('--class needs --source=error, --source=corpus or --source=inoculation');
  const spam = Object.hasOwn(classes, word) ? classes[word] : undefined;
  if (spam === undefined) throw usage(`--class is spam or innocent, not ${quoted(word)}`);
  if (!isSource(source)) throw usage(`--source is ${sources.join(', ')}, not ${quoted(source)}`);
  return { spam, source, signature, signedOnly: values['signed-only'] === true };
}

function isMode(word: string): word is TrainingMode {
  return (modes as readonly string[]).includes(word);
}

function isSource(word: string): word is Source {
  return sources.includes(word);
}

function deliverOf(values: ParsedWords['values'], command: readonly string[]): Deliver {
  const word = one(values, 'deliver') ?? 'stdout';
  if (word !== 'exec' && command.length > 0) throw usage('a command behind -- needs --deliver=exec');
  if (word === 'stdout' || word === 'summary') return { kind: word };
  if (word === 'exec') {
    const [program, ...args] = command;
    if (program === undefined) throw usage('--deliver=exec needs a command: -- CMD ARG…');
    return { kind: 'exec', command: [program, ...args] };
  }
  const path = word.startsWith('maildir:') ? word.slice('maildir:'.length) : '';
  if (path === '') throw usage(`--deliver is stdout, summary, exec or maildir:PATH, not ${quoted(word)}`);
  return {
    kind: 'maildir',
    path,
    spamFolder: one(values, 'spam-folder') ?? defaultSpamFolder,
  };
}

/** The value of an option as a word; the last one, if it is given more than once. */
function one(values: ParsedWords['values'], name: string): string | undefined {
  const given = values[name];
  const value: unknown = Array.isArray(given) ? given.at(-1) : given;
  return typeof value === 'string' ? value : undefined;
}

function quoted(word: string): string {
  return JSON.stringify(word);
}

function usage(sentence: string): TamisError {
  return new TamisError('USAGE', `Wrong command line: ${sentence}.`);
}
