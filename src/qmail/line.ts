/**
 * The lines of a .qmail file, as dot-qmail(5) reads them.
 *
 * A file is bytes; here they are a string of latin1, one character a byte, so that what is not understood stays as it is. qmail-local
 * leaves out blanks at the end of a line. Five kinds of line (comment, program, forward, mbox, Maildir), the empty line, and `+list`,
 * behind which qmail-local only forwards and defers every other delivery.
 */

/** What a line is to qmail-local. */
export type LineKind = 'comment' | 'program' | 'forward' | 'mbox' | 'maildir' | 'empty' | 'list';

/** What a program line does with the message. */
export type ProgramKind =
  /** Takes the message: vdelivermail, maildrop, procmail, or a program that is not known. */
  | 'deliverer'
  /** Decides by its exit status, or answers, and takes nothing: bouncesaying, except, condredirect, autorespond. */
  | 'guard'
  /** Sends the message to other addresses with `forward`. */
  | 'forwarder'
  /** A mailing list or another program that sends mail on in its own way. */
  | 'list'
  /** Runs tamis or DSPAM already. */
  | 'filter';

/** The kind of a line. */
export function lineKind(line: string): LineKind {
  const text = trimmed(line);
  const first = text[0];
  if (first === undefined) return 'empty';
  if (first === '#') return 'comment';
  if (first === '|') return 'program';
  if (text === '+list') return 'list';
  if (first === '/' || first === '.') return text.endsWith('/') ? 'maildir' : 'mbox';
  return 'forward';
}

/** A line without the blanks at its end, which qmail-local does not read. */
export function trimmed(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--;
  return line.slice(0, end);
}

/** Programs by their name without folders; what is not here takes the message. */
const programs: Readonly<Record<string, ProgramKind>> = {
  ...kindOf('guard', [
    ...[
      'bouncesaying',
      'except',
      'condredirect',
      'qreceipt',
      'iftocc',
      'ifsender',
      'autorespond',
      'vacation',
      'qbiff',
    ],
    // Of the shell.
    ...[
      'test',
      '[',
      '[[',
      'if',
      'case',
      'exit',
      'true',
      'false',
      ':',
      'grep',
      'egrep',
      'fgrep',
      'echo',
      'printf',
    ],
  ]),
  ...kindOf('forwarder', ['forward']),
  ...kindOf('filter', ['tamis', 'tamisc', 'dspam', 'dspamc']),
  ...kindOf('list', ['fastforward', 'qmail-inject', 'qmail-remote', 'sendmail', 'majordomo', 'mailman']),
};

function kindOf(kind: ProgramKind, names: readonly string[]): Record<string, ProgramKind> {
  return Object.fromEntries(names.map((name) => [name, kind]));
}

/** Programs that run the program named behind them, with which of their options take a word. */
const wrappers: ReadonlySet<string> = new Set([
  'preline',
  'exec',
  'env',
  'nice',
  'command',
  'setlock',
  'softlimit',
]);

/** What the program of a program line does. */
export function programKind(line: string): ProgramKind {
  const words = wordsOf(trimmed(line).slice(1));
  const names = words.map((word) => word.slice(word.lastIndexOf('/') + 1));
  // Wherever they stand: behind node, in a pipe, with options before them.
  if (names.some((name) => programs[name.replace(/\.js$/, '')] === 'filter')) return 'filter';
  const name = names.find(
    (word, i) => !wrappers.has(word) && !word.startsWith('-') && !/^\w+=/.test(words[i] ?? ''),
  );
  if (name === undefined) return 'guard';
  if (name.startsWith('ezmlm-')) return 'list';
  return Object.hasOwn(programs, name) ? (programs[name] ?? 'deliverer') : 'deliverer';
}

/** The words of a command as a shell would part them, without their quotes; what it means between them is lost. */
function wordsOf(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < command.length; at++) {
    const character = command[at] ?? '';
    if (quote === '' && /[\s|&;()<>`]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === quote) quote = '';
    else if (quote === '' && /["']/.test(character)) {
      quote = character;
      word ??= '';
    } else word = (word ?? '') + (character === '\\' && quote !== "'" ? (command[++at] ?? '') : character);
  }
  return word === undefined ? words : [...words, word];
}
