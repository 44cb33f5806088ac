/**
 * What a rule can be asked for: the options of `tamis rules`, checked, and what every host makes of them.
 *
 * A host names the options that it can do; one that is asked for and not among them is an error, never a weaker rule.
 * Names of folders, users and programs hold no control characters: no host can carry a line end in its lines.
 */
import { TamisError } from '../errors.ts';

/** How a rule reaches the filter. */
export const ways = ['tamis', 'tamisc', 'spamc', 'lmtp'] as const;
/** One of {@link ways}. */
export type Way = (typeof ways)[number];

/** What was asked for; what was not is undefined. */
export interface RuleOptions {
  /** Whose filter judges; undefined: the host's own variables say. */
  readonly user?: string | undefined;
  /** The folder for spam, in UTF-8; its levels are parted by `/` or by the separator. Default `Spam`. */
  readonly folder?: string | undefined;
  readonly layout?: 'maildir++' | 'fs' | undefined;
  /** The prefix of the IMAP namespace, such as `INBOX.`. */
  readonly prefix?: string | undefined;
  /** The separator of the IMAP namespace, `.` or `/`. Default: `.` with Maildir++, `/` with fs. */
  readonly separator?: string | undefined;
  readonly subscribe?: 'dovecot' | 'courier' | 'none' | undefined;
  readonly markRead?: boolean | undefined;
  /** The probability, 0 to 1, from which mail gets a tag, wherever it goes. */
  readonly tagAbove?: number | undefined;
  /** The probability, 0 to 1, from which spam is thrown away. */
  readonly discardAbove?: number | undefined;
  /** The confidence, 0 to 1, below which spam is neither filed nor thrown away, but tagged. */
  readonly minConfidence?: number | undefined;
  /** Senders whose mail is neither filed, thrown away nor tagged: addresses, and domains as `@example.org`. */
  readonly whitelist?: readonly string[] | undefined;
  /** What becomes of mail that was not judged. Default `inbox`. */
  readonly onFailure?: 'defer' | 'inbox' | undefined;
  readonly via?: Way | undefined;
  /** What the rule runs, as words: an absolute path, and arguments that come before those of the rule. */
  readonly program: readonly string[];
}

/** An option by its name in {@link RuleOptions}. */
export type OptionName = Exclude<keyof RuleOptions, 'program'>;

/** A host: its name, what it can do, and the rule. */
export interface Host {
  /** The options that it can do, with the values that it can do of them; true stands for all. */
  readonly can: Readonly<Partial<Record<OptionName, true | readonly unknown[]>>>;
  /** The lines of the rule, without marks. Pure. */
  readonly rule: (options: RuleOptions) => readonly string[];
}

/** What of each option is the same as not asking for it; every host can do that. */
const nothingAsked: Readonly<Partial<Record<OptionName, unknown>>> = {
  subscribe: 'none',
  markRead: false,
  onFailure: 'inbox',
  via: 'tamis',
};

const flags: Readonly<Record<OptionName, string>> = {
  user: '--user',
  folder: '--folder',
  layout: '--layout',
  prefix: '--prefix',
  separator: '--separator',
  subscribe: '--subscribe',
  markRead: '--mark-read',
  tagAbove: '--tag-above',
  discardAbove: '--discard-above',
  minConfidence: '--min-confidence',
  whitelist: '--whitelist',
  onFailure: '--on-failure',
  via: '--via',
};

/**
 * Checks that a host can do what is asked.
 *
 * @throws TamisError USAGE that names the option.
 */
export function checkOptions(name: string, { can }: Host, options: RuleOptions): void {
  for (const option of optionNames) {
    const value = options[option];
    if (value === undefined) continue;
    if (typeof value === 'string' && isUnprintable(value)) throw usage(`${flags[option]} holds a control character`);
    if (value === nothingAsked[option]) continue;
    const values = can[option];
    if (values === true || values?.includes(value) === true) continue;
    const asked = typeof value === 'boolean' ? flags[option] : `${flags[option]} ${JSON.stringify(value)}`;
    const instead = values === undefined ? '' : `; it can do ${values.map((one) => JSON.stringify(one)).join(', ')}`;
    throw usage(`${name} cannot do ${asked}${instead}`);
  }
  for (const word of options.program) {
    if (isUnprintable(word)) throw usage('--program holds a control character');
  }
  if (options.program[0]?.startsWith('/') === false) throw usage('--program takes an absolute path');
  for (const option of ['tagAbove', 'discardAbove', 'minConfidence'] as const) {
    const value = options[option];
    if (value !== undefined && !(value > 0 && value <= 1)) {
      throw usage(`${flags[option]} takes a figure above 0 and up to 1`);
    }
  }
  for (const sender of options.whitelist ?? []) {
    // No more than these, so that no host has a meaning for any of them.
    if (!/^[\w.+=~-]*@\w[\w.-]*$/.test(sender)) throw usage('--whitelist takes an address, or a domain as @example.org');
  }
  if (options.user === '') throw usage('--user takes a name');
  if (options.separator !== undefined && !/^[./]$/.test(options.separator)) throw usage('--separator is "." or "/"');
  if (options.via === 'lmtp' && options.onFailure === 'defer' && !/^(?:postfix|exim)$/.test(name)) {
    throw usage('with --via lmtp the mail comes judged or not at all, so --on-failure defer has nothing to do');
  }
  folderLevels(options);
}

const optionNames = Object.keys(flags).filter((name): name is OptionName => Object.hasOwn(flags, name));

/**
 * The levels of the folder for spam, outermost first.
 *
 * @throws TamisError USAGE if the layout cannot hold it.
 */
export function folderLevels({ folder = 'Spam', layout = 'maildir++', separator }: RuleOptions): readonly string[] {
  const split = separator ?? (layout === 'fs' ? '/' : '.');
  // `.Spam` is what the folder Spam is called on disk.
  const name = layout === 'maildir++' && folder.startsWith('.') ? folder.slice(1) : folder;
  const levels = name.split('/').flatMap((part) => part.split(split));
  for (const level of levels) {
    const wrong =
      level === '' ? 'an empty level' : layout === 'fs' ? wrongForFs(level) : level.includes('.') ? 'a dot, which parts levels on disk' : undefined;
    if (wrong !== undefined) throw usage(`--folder ${JSON.stringify(folder)} has ${wrong}`);
  }
  return levels;
}

function wrongForFs(level: string): string | undefined {
  if (level.startsWith('.')) return 'a level that begins with a dot';
  return /^(?:cur|new|tmp)$/.test(level) ? 'a level that is called as a part of a Maildir' : undefined;
}

/** The folder's name in IMAP and Sieve: prefix, levels and separators, in UTF-8. */
export function mailboxName(options: RuleOptions): string {
  const separator = options.separator ?? (options.layout === 'fs' ? '/' : '.');
  return (options.prefix ?? '') + folderLevels(options).join(separator);
}

/**
 * The beginnings that the figure of X-DSPAM-Probability or -Confidence (four decimals, 0.0000 to 1.0000) has if it is at least `limit`: for hosts
 * that compare words only. `0.98` gives `0.98`, `0.99`, `1.`.
 */
export function atLeast(limit: number): readonly string[] {
  const digits = limit.toFixed(4);
  if (limit >= 1 || digits.startsWith('1')) return ['1.'];
  const decimals = String(Number(digits)).slice(2);
  const beginnings = [`0.${decimals}`];
  for (let at = decimals.length - 1; at >= 0; at -= 1) {
    for (let digit = Number(decimals[at]) + 1; digit <= 9; digit += 1) {
      beginnings.push(`0.${decimals.slice(0, at)}${digit}`);
    }
  }
  return [...beginnings, '1.'];
}

/** A line of ours that holds a figure. */
export type FigureLine = 'X-DSPAM-Probability' | 'X-DSPAM-Confidence';

/** An extended regular expression that a line matches if its figure is at least `limit`; `blanks` is one for blanks. */
export function figurePattern(line: FigureLine, limit: number, blanks = '[[:space:]]*'): string {
  const beginnings = atLeast(limit).map((one) => one.replace('.', '\\.'));
  return `^${line}:${blanks}(${beginnings.join('|')})`;
}

/**
 * Regular expressions, one of which the line of From matches if its only address is on the whitelist. An address in the sender's
 * name, or one of several, does not count. `blanks` is one for blanks.
 */
export function whitelistPatterns({ whitelist = [] }: RuleOptions, blanks: string): readonly string[] {
  return whitelist.map((sender) => {
    const address = sender.replace(/[.+]/g, '\\$&');
    return `^From:([^<]*<|${blanks})${sender.startsWith('@') ? '[^<>@, ]+' : ''}${address}>?${blanks}$`;
  });
}

/** Whether a text holds a control character. */
function isUnprintable(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** A command line that asks for what cannot be. */
export function usage(sentence: string): TamisError {
  return new TamisError('USAGE', `Wrong command line: ${sentence}.`);
}
