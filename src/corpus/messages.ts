/**
 * The messages behind a PATH, whatever it is:
 *
 * - a Maildir (it has `cur` and `new`): its messages, neither drafts nor trashed ones;
 * - another folder: each file in it, by number where the names begin with one (MH); folders inside are not walked;
 * - a file that begins with a `From ` line: an mbox, also if it holds one message only; but a file of a Maildir is one message always;
 * - any other file: one message, unless it is empty or binary (an index or a database of a mail program).
 *
 * Only the first bytes of each message are read. A message that vanished since it was listed is passed over;
 * one that cannot be read is handed out as an error, so that it is counted and the others are read all the
 * same.
 */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TamisError } from '../errors.ts';
import { isMaildir } from '../maildir/layout.ts';
import { compareNames } from '../maildir/names.ts';
import { listMaildir, messageNames } from '../maildir/reader.ts';
import { defaultLimit, isMissing, openFile, readBeginning, readSpan, unreadable } from './file.ts';
import { isSeparator, spans } from './mbox.ts';

/** Bytes by which it shows what a file is: more than a separator has (mbox.ts). */
const longestLine = 1024;

/** A message that was read. */
interface CorpusMessage {
  /** The file that holds it. */
  readonly path: string;
  /** Where it begins in that file, in bytes: 0 but in an mbox. */
  readonly offset: number;
  /** Its first bytes, in an mbox with the `From ` line. */
  readonly bytes: Buffer;
}

/** A message that could not be read. */
interface UnreadableMessage {
  readonly path: string;
  /** A TamisError INPUT that names the path. */
  readonly error: TamisError;
}

/** What a corpus yields; `'error' in item` tells the two apart. */
export type CorpusItem = CorpusMessage | UnreadableMessage;

/** What a PATH is. */
interface Place {
  readonly paths: readonly string[];
  /** Whether a file may be an mbox. */
  readonly mboxes: boolean;
  /** Whether they were found in a folder: then one may have vanished. */
  readonly listed: boolean;
}

/**
 * The messages of a PATH in their order.
 *
 * @param limit How many bytes of each message are read at most.
 * @throws TamisError INPUT if the PATH itself does not exist or cannot be read.
 */
export async function* messages(path: string, limit: number = defaultLimit): AsyncGenerator<CorpusItem> {
  const { paths, mboxes, listed } = await placeOf(path);
  for (const file of paths) {
    const item = beginningOf(file, limit, listed);
    if (item === undefined) continue;
    if ('error' in item) yield item;
    else if (!mboxes || !mayHoldMore(item.bytes, limit))
      yield { ...item, bytes: item.bytes.subarray(0, limit) };
    else yield* mboxItems(file, limit, listed);
  }
}

/**
 * How many messages a PATH holds, for a progress bar: a folder is listed, an mbox is read through once, which
 * is a small part of what learning from it takes.
 *
 * @throws TamisError INPUT as {@link messages}.
 */
export async function countMessages(path: string): Promise<number> {
  const { paths, mboxes, listed } = await placeOf(path);
  if (!mboxes) return paths.length;
  let count = 0;
  for (const file of paths) {
    const item = beginningOf(file, defaultLimit, listed);
    if (item === undefined) continue;
    if ('error' in item || !mayHoldMore(item.bytes, defaultLimit)) count++;
    else {
      const found = mboxItems(file, 0, listed);
      while ((await found.next()).done !== true) count++;
    }
  }
  return count;
}

async function placeOf(path: string): Promise<Place> {
  try {
    if (!(await stat(path)).isDirectory()) return { paths: [path], mboxes: true, listed: false };
    if (isMaildir(path)) return { paths: await listMaildir(path), mboxes: false, listed: true };
    const names = await messageNames(path);
    const paths = names.sort(compareNames).map((name) => join(path, name));
    // Those of a Maildir, or what was copied from them.
    return { paths, mboxes: !['cur', 'new'].includes(basename(path)), listed: true };
  } catch (error) {
    throw inputError(path, error);
  }
}

/** Whether there may be more than one message in an mbox of which this is the beginning. */
function mayHoldMore(beginning: Buffer, limit: number): boolean {
  const feed = beginning.indexOf('\n');
  if (!isSeparator(beginning.subarray(0, feed + 1 || beginning.length))) return false;
  return beginning.length >= Math.max(limit, longestLine) || beginning.includes('\nFrom ', feed);
}

/**
 * A file as one message, of which at least a line is read whatever the limit; undefined if there is none: a mailbox that was emptied, or a file
 * that vanished since it was listed. An empty file in a folder is a message whose writing failed.
 *
 * @throws TamisError INPUT if a file that was not listed cannot be read.
 */
function beginningOf(path: string, limit: number, listed: boolean): CorpusItem | undefined {
  try {
    const bytes = readBeginning(path, Math.max(limit, longestLine));
    if (isBinary(bytes))
      return { path, error: new TamisError('INPUT', `${path} is no message: it is binary.`) };
    if (bytes.length > 0) return { path, offset: 0, bytes };
    return listed
      ? { path, error: new TamisError('INPUT', `${path} is empty: it is no message.`) }
      : undefined;
  } catch (error) {
    if (!listed) throw error;
    // A name that is not UTF-8 came with U+FFFD in it and is missing by that name: it did not vanish.
    return isMissing(error) && !path.includes('\uFFFD')
      ? undefined
      : { path, error: inputError(path, error) };
  }
}

/** Whether a file begins with bytes that no message begins with, mailbox or not: zeros where header fields should be. */
function isBinary(bytes: Buffer): boolean {
  const beginning = bytes.toString('latin1', 0, longestLine);
  return beginning.includes('\0') && !/^(?:>?From |[^\s:\0]+[ \t]*:)/.test(beginning);
}

/** @throws TamisError INPUT if a mailbox that was not listed cannot be read; of another that is an item. */
async function* mboxItems(path: string, limit: number, listed: boolean): AsyncGenerator<CorpusItem> {
  try {
    const file = await openFile(path);
    try {
      for await (const { start, end } of spans(file))
        yield { path, offset: start, bytes: await readSpan(file, start, Math.min(limit, end - start)) };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!listed) throw inputError(path, error);
    yield { path, error: inputError(path, error) };
  }
}

function inputError(path: string, error: unknown): TamisError {
  return error instanceof TamisError ? error : unreadable(path, error);
}
