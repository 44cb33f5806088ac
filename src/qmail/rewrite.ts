/**
 * Puts the filter into a .qmail file, and takes it out again.
 *
 * Behind each line of ours stand the lines that it took the place of, as comments that are counted:
 *
 *     |/usr/bin/node /usr/local/bin/tamis --user="$EXT@$HOST" --deliver=exec -- /home/vpopmail/bin/vdelivermail '' delete
 *     #tamis 1/1 |/home/vpopmail/bin/vdelivermail '' delete
 *
 * So a file undoes itself, whatever else has been edited in it meanwhile: `disabled(enabled(x)) = x`, byte for byte, and
 * `enabled` takes its own lines out first, so that it is idempotent and follows other options. Limit: a line of more than 499 bytes,
 * or with a mark that would be, is left as it is, because vdelivermail reads the rest of it as another line.
 */
import { filteredLine, userWord, type DeliveringKind, type LineOptions } from './command.ts';
import { lineKind, programKind, trimmed, type LineKind, type ProgramKind } from './line.ts';

/** What vdelivermail reads of a line, in bytes. */
const lineLimit = 499;

/** What is done with a line. */
export interface LineState {
  /** As it stands in the file without tamis. */
  readonly line: string;
  readonly kind: LineKind;
  readonly program: ProgramKind | undefined;
  readonly filtered: boolean;
  /** Why it does not run through the filter, for a person; undefined if it does, or delivers nothing. */
  readonly note: string | undefined;
}

/** What is outside of the file and matters to its lines. */
export interface FileContext {
  /** `.qmail` or `.qmail-EXT`. */
  readonly name: string;
  /** Whether the owner's x bit is set: then qmail-local only forwards. */
  readonly executable: boolean;
}

/** The file with the filter in it; the lines of an earlier time are replaced. */
export function enabled(content: string, context: FileContext, options: LineOptions): string {
  return rewriting(disabled(content), context, options)
    .flatMap(({ written }) => written)
    .join('\n');
}

/** The file as it would be without tamis. */
export function disabled(content: string): string {
  return groupsOf(content)
    .flatMap(({ originals }) => originals)
    .join('\n');
}

/** What is done with each line; `options` are those of a file that is not rewritten yet. */
export function states(content: string, context: FileContext, options: LineOptions): LineState[] {
  const groups = groupsOf(content);
  const planned = rewriting(disabled(content), context, options).flatMap(({ originals, note }) =>
    originals.map(() => note),
  );
  let at = 0;
  return groups.flatMap(({ originals, marked }) =>
    originals.map((line) => {
      const kind = lineKind(line);
      const note = planned[at++];
      const program = kind === 'program' ? programKind(line) : undefined;
      return {
        line,
        kind,
        program,
        filtered: marked || program === 'filter',
        note: marked ? undefined : note,
      };
    }),
  );
}

/** Lines that belong together: one line, or one of ours with those that it took the place of. */
interface Group {
  readonly originals: readonly string[];
  readonly marked: boolean;
}

function groupsOf(content: string): Group[] {
  const lines = content.split('\n');
  const groups: Group[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const originals = line.startsWith('|') ? markedBehind(lines, at + 1) : [];
    groups.push(originals.length > 0 ? { originals, marked: true } : { originals: [line], marked: false });
    at += originals.length;
  }
  return groups;
}

/** The lines that the marks hold; none if they are not there, or not all of them. */
function markedBehind(lines: readonly string[], start: number): string[] {
  const count = Number(/^#tamis 1\/(\d{1,4}) /.exec(lines[start] ?? '')?.[1] ?? 0);
  const found: string[] = [];
  for (let n = 1; n <= count; n++) {
    const mark = `#tamis ${n}/${count} `;
    const line = lines[start + n - 1] ?? '';
    if (!line.startsWith(mark)) return [];
    found.push(line.slice(mark.length));
  }
  return found;
}

interface Rewriting {
  readonly originals: readonly string[];
  readonly written: readonly string[];
  readonly note: string | undefined;
}

function rewriting(content: string, context: FileContext, options: LineOptions): Rewriting[] {
  const lines = content.split('\n');
  const user = userWord(context.name);
  const done: Rewriting[] = [];
  let onlyForwards = context.executable;
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? '';
    const kind = lineKind(line);
    onlyForwards ||= kind === 'list';
    const reason = onlyForwards && delivers(kind) ? forwardOnly : reasonNot(line, kind, options);
    const count = reason === undefined && kind === 'forward' ? forwardsFrom(lines, at) : 1;
    const originals = lines.slice(at, at + count);
    at += count;
    if (reason !== undefined || !delivers(kind)) {
      done.push({ originals, written: originals, note: reason === silent ? undefined : reason });
      continue;
    }
    const written = [
      filteredLine(kind, originals, user, options),
      ...originals.map((original, i) => `#tamis ${i + 1}/${count} ${original}`),
    ];
    const fits = written.every((one) => one.length <= lineLimit);
    const note = `a line would be longer than the ${lineLimit} bytes that vdelivermail reads`;
    done.push({ originals, written: fits ? written : originals, note: fits ? undefined : note });
  }
  return done;
}

function delivers(kind: LineKind): kind is DeliveringKind {
  return kind !== 'comment' && kind !== 'empty' && kind !== 'list';
}

const silent = '';
const forwardOnly =
  'qmail only forwards here (+list or the x bit of the file), so no program may take its place';

/** Why a line is left as it is: `silent` if nothing is to be said of it; undefined if it is to be rewritten. */
function reasonNot(line: string, kind: LineKind, { forwards }: LineOptions): string | undefined {
  if (!delivers(kind)) return silent;
  if (line.includes('\0')) return 'it holds a NUL byte, behind which qmail reads nothing';
  if (kind === 'forward') return forwards ? undefined : 'a forward: its last host judges the message';
  if (kind !== 'program') return undefined;
  const program = programKind(line);
  switch (program) {
    case 'guard':
      return trimmed(line) === '|' ? silent : 'a guard: it takes no message';
    case 'filter':
      return 'runs tamis or DSPAM already';
    case 'list':
      return 'sends mail on in its own way';
    case 'forwarder':
      return forwards ? undefined : 'a forward: its last host judges the message';
    case 'deliverer':
      return undefined;
  }
}

/** How many forwards follow each other; one `forward` sends them all, so that they are judged once. */
function forwardsFrom(lines: readonly string[], start: number): number {
  let end = start;
  while (lineKind(lines[end] ?? '') === 'forward' && !(lines[end] ?? '').includes('\0')) end++;
  return end - start;
}
