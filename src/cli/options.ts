/** What the filter's command line asks for, and how it fails where that cannot be understood. */
import { TamisError } from '../errors.ts';
import type { ConfigOptions } from '../config/load.ts';
import type { Deliver } from '../filter/deliver.ts';
import { messageSettings, type MessageSettings, type TrainingMode } from '../judge/modes.ts';
import type { Source } from '../judge/notes.ts';
import type { Lesson } from '../judge/teaching.ts';
import { defaultSpamFolder, tokensOf, typeOf } from './words.ts';

/** The filter's command line, understood. */
export interface FilterCommand {
  readonly user: string;
  /** Undefined with a class and no --deliver: then nothing goes out. */
  readonly deliver: Deliver | undefined;
  readonly onError: 'pass' | 'defer';
  readonly classify: boolean;
  readonly lesson: Lesson | undefined;
  /** In the place of the configuration's, also the daemon's; `config` has them, too. */
  readonly settings: MessageSettings;
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
/** What DSPAM's lists are of; `none` adds nothing, so that alone it lets nothing out. */
const deliverable: readonly string[] = ['innocent', 'nonspam', 'spam', 'summary', 'stdout', 'none'];
const sources: readonly string[] = ['corpus', 'error', 'inoculation'] satisfies Source[];

/** The words of a command line before they are checked. */
export interface ParsedWords {
  /** The values of each option that is given, in order; undefined where there is none. */
  readonly values: ReadonlyMap<string, readonly (string | undefined)[]>;
  /** What is neither an option nor the value of one. */
  readonly words: readonly string[];
  /** What stands behind `--`. */
  readonly command: readonly string[];
}

/** Sorts the words of a command line. Never throws. */
export function parseWords(argv: readonly string[]): ParsedWords {
  const values = new Map<string, (string | undefined)[]>();
  const words: string[] = [];
  for (const token of tokensOf(argv)) {
    if (token.kind === 'option-terminator') return { values, words, command: argv.slice(token.index + 1) };
    if (token.kind === 'positional') words.push(token.value);
    else {
      const given = values.get(token.name) ?? [];
      given.push(token.value);
      values.set(token.name, given);
    }
  }
  return { values, words, command: [] };
}

/** How to fail with this command line, right or wrong: mail passes unless it clearly asks for something else. */
export function fallbackOf({ values, command }: ParsedWords): Fallback {
  const onError = one(values, 'on-error') === 'defer' ? 'defer' : 'pass';
  const word = one(values, 'deliver');
  const silent =
    values.has('classify') || (word === undefined && (values.has('class') || values.has('signature')));
  if (silent || word === 'summary') return { deliver: undefined, onError };
  try {
    const deliver = deliverOf(values, command);
    if (deliver.kind !== 'chosen') return { deliver, onError };
    return { deliver: deliver.innocent || deliver.spam ? { kind: 'stdout' } : undefined, onError };
  } catch {
    // A word that cannot be understood, or none, stands most likely in a pipe, where only stdout keeps the mail; exec (of which a
    // command behind -- may be all that is left) and maildir do not, and nobody would get what stdout does.
    const elsewhere =
      word === undefined
        ? command.length > 0
        : /^(?:exec|maildir|innocent,|innocent$|nonspam|spam)/.test(word) && !values.has('stdout');
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
  for (const [name, given] of values) checkOption(name, given);
  if (words.length > 0) throw usage(`there is no command ${JSON.stringify(words[0])}; see tamis --help`);
  const onError = one(values, 'on-error') ?? 'pass';
  if (onError !== 'pass' && onError !== 'defer')
    throw usage(`--on-error is pass or defer, not ${quoted(onError)}`);
  const user = one(values, 'user');
  if (user === undefined || user === '')
    throw new TamisError('USER', 'No user is given: --user takes a name.');
  const lesson = lessonOf(values);
  const classify = values.has('classify');
  if (classify && lesson !== undefined)
    throw usage('--classify learns nothing, so it cannot go with --class');
  const said = one(values, 'mode');
  const mode = said === 'unlearn' ? undefined : said;
  const sets = (values.get('set') ?? []).flatMap((set) => set ?? []);
  if (mode !== undefined) {
    if (!isMode(mode)) throw usage(`--mode is ${modes.join(', ')} or unlearn, not ${quoted(mode)}`);
    sets.push(`trainingMode=${mode}`);
  }
  const silent = !values.has('deliver') || one(values, 'deliver') === 'none';
  const quiet = classify || (lesson !== undefined && silent);
  return {
    user,
    deliver: classify ? { kind: 'summary' } : quiet ? undefined : deliverOf(values, parsed.command),
    onError,
    classify,
    lesson,
    settings: settingsIn(sets),
    daemon: one(values, 'socket'),
    client: values.has('client'),
    config: { home: one(values, 'home'), config: one(values, 'config'), set: sets },
  };
}

/** Those settings of `--set`, `--mode` and `--feature` that a daemon heeds. */
function settingsIn(sets: readonly string[]): MessageSettings {
  const entries = messageSettings.flatMap((name) => {
    const set = sets.findLast((one) => one.startsWith(`${name}=`));
    return set === undefined ? [] : [[name, set.slice(name.length + 1)] as const];
  });
  return Object.fromEntries(entries);
}

/** Options whose value may be empty: --user has a sentence of its own for it, an empty spam folder is the inbox. */
const mayBeEmpty: readonly string[] = ['user', 'spam-folder'];

/** An option must exist and have its value. */
function checkOption(name: string, given: readonly (string | undefined)[]): void {
  const type = typeOf(name);
  if (type === undefined) throw usage(`there is no option --${name}; see tamis --help`);
  if (type === 'boolean' && given.some((value) => value !== undefined))
    throw usage(`--${name} takes no value`);
  if (type === 'string' && name !== 'user' && given.includes(undefined))
    throw usage(`--${name} takes a value`);
  if (type === 'string' && !mayBeEmpty.includes(name) && given.includes(''))
    throw usage(`--${name} takes a value`);
}

function lessonOf(values: ParsedWords['values']): Lesson | undefined {
  const word = one(values, 'class');
  const unlearn = one(values, 'mode') === 'unlearn';
  const source = one(values, 'source') ?? (unlearn ? 'error' : undefined);
  const signature = one(values, 'signature');
  if (signature !== undefined && word === undefined) throw usage('--signature needs --class and --source');
  if (word === undefined && unlearn) throw usage('--mode=unlearn needs --class=spam or --class=innocent');
  if (word === undefined && source === undefined) return undefined;
  if (word === undefined) throw usage('--source needs --class=spam or --class=innocent');
  if (source === undefined)
    throw usage('--class needs --source=error, --source=corpus or --source=inoculation');
  const spam = Object.hasOwn(classes, word) ? classes[word] : undefined;
  if (spam === undefined) throw usage(`--class is spam or innocent, not ${quoted(word)}`);
  if (!isSource(source)) throw usage(`--source is ${sources.join(', ')}, not ${quoted(source)}`);
  return { spam, source, signature, signedOnly: values.has('signed-only'), unlearn };
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
  const parts = word.split(',');
  if (parts.every((part) => deliverable.includes(part))) return chosen(parts, values.has('stdout'));
  if (word === 'exec') {
    const [program, ...args] = command;
    if (program === undefined) throw usage('--deliver=exec needs a command: -- CMD ARG…');
    return { kind: 'exec', command: [program, ...args] };
  }
  const path = word.startsWith('maildir:') ? word.slice('maildir:'.length) : '';
  if (path === '')
    throw usage(
      `--deliver is stdout, summary, exec, maildir:PATH or a list of innocent, spam, summary and stdout, not ${quoted(word)}`,
    );
  return {
    kind: 'maildir',
    path,
    spamFolder: one(values, 'spam-folder') ?? defaultSpamFolder,
  };
}

/** DSPAM's list. `stdout` is all mail there, printed; `--stdout` prints what the list names. */
function chosen(parts: readonly string[], stdout: boolean): Deliver {
  const all = parts.includes('stdout');
  const innocent = all || parts.includes('innocent') || parts.includes('nonspam');
  const spam = all || parts.includes('spam');
  const summary = parts.includes('summary');
  if ((innocent || spam) && !all && !stdout)
    throw usage(
      '--deliver=innocent,spam needs --stdout, because tamis has no delivery agent; or --deliver=exec -- CMD',
    );
  if (!summary && innocent && spam) return { kind: 'stdout' };
  if (summary && !innocent && !spam) return { kind: 'summary' };
  return { kind: 'chosen', innocent, spam, summary };
}

/** The value of an option; the last one, if it is given more than once. */
function one(values: ParsedWords['values'], name: string): string | undefined {
  return values.get(name)?.at(-1);
}

function quoted(word: string): string {
  return JSON.stringify(word);
}

function usage(sentence: string): TamisError {
  return new TamisError('USAGE', `Wrong command line: ${sentence}.`);
}
