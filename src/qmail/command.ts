/**
 * The program lines that tamis writes into .qmail files.
 *
 * None of them can lose a message: tamis runs the deliverer itself (`--deliver=exec`), so that no pipe hides what became of it; or,
 * in the place of a Maildir or mbox line, reads a temporary file that was written whole. The plain pipe is written on request only.
 * Each is one line for /bin/sh, with absolute paths.
 */
import { folderOnDisk } from '../maildir/layout.ts';
import { trimmed } from './line.ts';

/** What the lines run. */
export interface LineOptions {
  /** The command line that starts tamis, by absolute paths, and its options that say where the home is. */
  readonly program: readonly string[];
  /** The folder for spam, as its user reads it: `Spam`, `Mail/Junk`; undefined: spam stays in the inbox. */
  readonly folder: string | undefined;
  /** Whether forwards run through the filter too. */
  readonly forwards: boolean;
  /** Whether programs are put behind a plain pipe, which cannot tell that the filter was killed. */
  readonly pipe: boolean;
  /** The rule that files what has been judged (rules/tamis-qmail.maildrop). */
  readonly rule: string;
}

const maildrop = '/usr/bin/maildrop';

/** Who the user is: in a vpopmail domain EXT is always there, in a home's own .qmail it is not. */
export function userWord(fileName: string): string {
  return fileName === '.qmail' ? '"${EXT:-$USER}${EXT:+@$HOST}"' : '"$EXT@$HOST"';
}

/** The line in the place of some lines: one that delivers, or forwards that follow each other. */
export function filteredLine(
  kind: DeliveringKind,
  lines: readonly string[],
  user: string,
  options: LineOptions,
): string {
  const filter = `${options.program.map(shellWord).join(' ')} --user=${user}`;
  const [line = ''] = lines.map(trimmed);
  switch (kind) {
    case 'program':
      return programLine(line.slice(1).trimStart(), filter, options);
    case 'forward': {
      const addresses = lines.map((one) => shellQuote(trimmed(one).replace(/^&/, '')));
      return `|${filter} --deliver=exec -- forward ${addresses.join(' ')}`;
    }
    case 'maildir': {
      const folder = options.folder === undefined ? `''` : shellWord(folderOnDisk(options.folder));
      return `|${withEnvelope} ${filter} --deliver=maildir:${shellWord(line)} --spam-folder=${folder} <"$T" || exit 111`;
    }
    case 'mbox': {
      const command = `${maildrop} ${shellWord(options.rule)} '' ${shellWord(line)}`;
      return `|${withEnvelope} ${filter} --deliver=exec -- ${command} <"$T" || exit 111`;
    }
  }
}

/** The kinds of line that deliver. */
export type DeliveringKind = 'program' | 'forward' | 'mbox' | 'maildir';

function programLine(command: string, filter: string, { folder, pipe, rule }: LineOptions): string {
  if (folder !== undefined) {
    const files = `${maildrop} ${shellWord(rule)} ${shellWord(folderOnDisk(folder))} ${shellQuote(`|${command}`)}`;
    return `|${filter} --deliver=exec -- ${files}`;
  }
  if (pipe) return `|${filter} --deliver=stdout | ${isSimple(command) ? command : `{ ${command}; }`}`;
  return `|${filter} --deliver=exec -- ${isSimple(command) ? command : `/bin/sh -c ${shellQuote(command)}`}`;
}

/** The message with the lines that qmail-local puts before it in a mailbox, whole in $T or not at all. */
const withEnvelope = `T=\`mktemp\` && trap 'rm -f "$T"' 0 && { printf %s "$RPLINE$DTLINE" && cat; } >"$T" &&`;

/** What the shell does itself, and words that only a shell understands. */
const shellWords: ReadonlySet<string> = new Set(
  '. : ! { } alias bg break case cd command continue do done elif else esac eval exec exit export fg fi for function getopts hash if in jobs local read readonly return set shift then times trap type ulimit umask unalias unset until wait while'.split(
    ' ',
  ),
);

/** Whether a command is one program with its words, which may follow `--` as they stand: the same shell reads them. */
function isSimple(command: string): boolean {
  if (/[;&|<>()`#\n\\]|\$\(/.test(command) || !areClosed(command)) return false;
  const first = /^\S+/.exec(command)?.[0] ?? '';
  return first !== '' && !first.includes('=') && !shellWords.has(first);
}

/** Whether all quotes of a text without backslashes are closed. */
function areClosed(text: string): boolean {
  let open = '';
  for (const character of text) {
    if (open === '' && (character === "'" || character === '"')) open = character;
    else if (character === open) open = '';
  }
  return open === '';
}

/** A word for the shell, in quotes only if it needs them. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : shellQuote(word);
}

function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
