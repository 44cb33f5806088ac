/**
 * The shell's part in a rule: the filter run so that nothing it does wrong can lose or cut a message.
 *
 * The message goes into a file, less the X-DSPAM-* fields of its sender; the filter's output goes into another, and counts only if
 * the filter exits 0 in time and what it printed is no shorter. Else the first file is the message (`inbox`), or the status is 75
 * (`defer`; then the verdict's header line must be there, too). All other failures (no room for the files) are 75 as well.
 * One line without control characters, so that every host can carry it; it needs the POSIX tools, mktemp and timeout.
 */
import { shellQuote } from './quote.ts';
import type { RuleOptions } from './options.ts';

/** Matches the line that ends a header block: an empty one, with or without a CR, which POSIX has no other name for. */
const headerEnd = '^[^[:print:][:blank:]]\\{0,1\\}$';

/** A sed program that takes the fields X-DSPAM-* out of a header block, folded ones whole, and leaves all other bytes. */
const strip = [
  ':head',
  `/${headerEnd}/b body`,
  '/^[Xx]-[Dd][Ss][Pp][Aa][Mm]-[^:[:blank:]]*[[:blank:]]*:/b drop',
  'n',
  'b head',
  ':drop',
  '$d',
  'N',
  's/.*\\n//',
  '/^[[:blank:]]/b drop',
  'b head',
  ':body',
  'n',
  'b body',
];

/** Nothing depends on the PATH of the host. */
export const shellPath = 'PATH=/usr/local/bin:/usr/bin:/bin; export PATH';

/** Seconds that a filter may take. */
const patience = 60;

/** How the guard treats one filter. */
export interface GuardOptions {
  /** The command as the shell reads it. */
  readonly command: string;
  readonly onFailure: 'defer' | 'inbox';
  /** What gets the message on stdin, as the shell reads it. Default: it goes to stdout. */
  readonly deliverer?: string;
  readonly seconds?: number;
}

/** The guard as one line of POSIX shell. */
export function guard(options: GuardOptions): string {
  return guardLines(options).join('; ');
}

/** The guard as the lines of a script. */
export function guardLines({
  command,
  onFailure,
  deliverer = 'cat',
  seconds = patience,
}: GuardOptions): readonly string[] {
  const judged = [
    `timeout -k 5 ${seconds} ${command} <"$T/in" >"$T/out"`,
    'test "$(wc -c <"$T/out")" -ge "$(wc -c <"$T/in")"',
    ...(onFailure === 'defer'
      ? [`sed -e ${shellQuote(`/${headerEnd}/q`)} "$T/out" | grep -qi "^X-DSPAM-Result:"`]
      : []),
  ].join(' && ');
  const otherwise = onFailure === 'defer' ? 'exit 75' : `${deliverer} <"$T/in" || exit 75`;
  return [
    shellPath,
    'T=$(mktemp -d) || exit 75',
    `trap ${shellQuote('rm -rf "$T"')} 0`,
    `trap ${shellQuote('exit 75')} 1 2 15`,
    `LC_ALL=C sed ${sed(strip)} >"$T/in" || exit 75`,
    `if ${judged}`,
    `then ${deliverer} <"$T/out" || exit 75`,
    `else ${otherwise}`,
    'fi',
  ];
}

/** A command that puts `[Spam?]` before the subject of the message on stdin and leaves all other bytes. */
export const tagSubject: string = `LC_ALL=C sed ${sed([`1,/${headerEnd}/s/^[Ss][Uu][Bb][Jj][Ee][Cc][Tt]:/& [Spam?]/`])}`;

function sed(program: readonly string[]): string {
  return program.map((line) => `-e ${shellQuote(line)}`).join(' ');
}

/** The largest message that spamc takes to its server, in bytes: what is larger comes back as it came. */
const spamcLimit = 268_435_456;

/** The filter and its arguments but for the user, before any shell sees them. */
export function filterWords({ via = 'tamis', onFailure, program }: RuleOptions): readonly string[] {
  if (via === 'spamc') return [...program, '-x', '-s', String(spamcLimit)];
  return [...program, '--deliver=stdout', ...(onFailure === 'defer' ? ['--on-error=defer'] : [])];
}

/** The option that names the user, with its `=`. */
export function userFlag({ via }: RuleOptions): string {
  return via === 'spamc' ? '--username=' : '--user=';
}

/** The filter's command as the shell reads it, for the user of a shell word. */
export function filterCommand(options: RuleOptions, user: string): string {
  return `${filterWords(options).map(shellQuote).join(' ')} ${userFlag(options)}${user}`;
}
