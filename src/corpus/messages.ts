/**
 * The messages behind a PATH, whatever it is:
 *
 * - a Maildir (it has `cur` and `new`): its messages, neither drafts nor trashed ones;
 * - another folder: each file in it, by number where the names begin with one (MH); folders inside are not walked;
 * - a file that begins with a `From ` line: an mbox, also if it holds one message only; but what lies in a Maildir, or has a name as there, is one
 *   message always;
 * - any other file: one message, unless it is an index that mail programs keep beside their mailboxes.
 *
 * Only the first bytes of each message are read. A message that vanished since it was listed is passed over;
 * one that cannot be read is handed out as an error, so that it is counted and the others are read all the
 * same.
 */
import { realpath, stat } from 'node:fs/promises';
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
  /** Whether they were found in a folder: then one may have vanished, or be no mail. */
  readonly listed: boolean;
  /** Whether it is a Maildir, or a part of one. */
  readonly isMaildir: boolean;
}

/**
 * The messages of a PATH in their order.
 *
 * @param limit How many bytes of each message are read at most.
 * @throws TamisError INPUT if the PATH itself does not exist or cannot be read.
 */
export async function* messages(path: string, limit: number = defaultLimit): AsyncGenerator<CorpusItem> {
  const place = await placeOf(path);
  for (const file of place.paths) {
    const item = itemOf(file, place, limit);
    if (item === undefined) continue;
    if ('error' in item) yield item;
    else if (mayHoldMore(item, place, limit)) yield* mboxItems(file, place, limit);
    else yield { ...item, bytes: item.bytes.subarray(0, limit) };
  }
}

/**
 * How many messages a PATH holds, for a progress bar: a Maildir is listed, all else read once more, which is a small part of what learning
 * from it takes.
 *
 * @throws TamisError INPUT as {@link messages}.
 */
export async function countMessages(path: string): Promise<number> {
  const place = await placeOf(path);
  if (place.isMaildir) return place.paths.length;
  const found = messages(path);
  let count = 0;
  while ((await found.next()).done !== true) count++;
  return count;
}

async function placeOf(path: string): Promise<Place> {
  try {
    if (!(await stat(path)).isDirectory()) return { paths: [path], listed: false, isMaildir: false };
    if (isMaildir(path)) return { paths: await listMaildir(path), listed: true, isMaildir: true };
    const names = await messageNames(path);
    return {
      paths: names.sort(compareNames).map((name) => join(path, name)),
      listed: true,
      isMaildir: ['cur', 'new'].includes(basename(await realpath(path))),
    };
  } catch (error) {
    throw inputError(path, error);
  }
}

/**
 * A file as one message, of which at least a line is read whatever the limit; undefined if there is none: a mailbox that was emptied, or a file
 * that vanished since it was listed.
 *
 * @throws TamisError INPUT if a file that was not listed cannot be read.
 */
function itemOf(path: string, place: Place, limit: number): CorpusItem | undefined {
  const noMessage = (why: string): CorpusItem => {
    return { path, error: new TamisError('INPUT', `${path} is no message: ${why}.`) };
  };
  try {
    const bytes = readBeginning(path, Math.max(limit, longestLine));
    // A mailbox may be empty; a message, in a folder of MH's, too, is if its writing failed.
    const isMessage = isOne(path, place) || (place.listed && /^\d+$/.test(basename(path)));
    if (bytes.length === 0) return isMessage ? noMessage('it is empty') : undefined;
    if (isNoMail(bytes)) return noMessage('a program keeps notes in it');
    return { path, offset: 0, bytes };
  } catch (error) {
    return failed(path, place, error);
  }
}

/** Whether a file is what mail programs keep beside mail: binary, or a summary of Thunderbird's (Mork). */
function isNoMail(bytes: Buffer): boolean {
  const beginning = bytes.toString('latin1', 0, longestLine);
  return (
    /^\/\/ <!-- <mdb:mork/.test(beginning) ||
    (beginning.includes('\0') && !/^(?:>?From |[^\s:\0]+[ \t]*:)/.test(beginning))
  );
}

/** Whether a file is one message however it begins: it lies in a Maildir, or is called as there, by the time and more, or with flags. */
function isOne(path: string, { listed, isMaildir }: Place): boolean {
  const name = basename(path);
  return listed && (isMaildir || /^\d{5,}\./.test(name) || name.includes(':2,'));
}

/** Whether there may be more than one message in an mbox of which this is the beginning. */
function mayHoldMore({ path, bytes }: CorpusMessage, place: Place, limit: number): boolean {
  if (isOne(path, place)) return false;
  const feed = bytes.indexOf('\n');
  if (!isSeparator(bytes.subarray(0, feed + 1 || bytes.length))) return false;
  return bytes.length >= Math.max(limit, longestLine) || bytes.includes('\nFrom ', feed);
}

/** @throws TamisError INPUT if a mailbox that was not listed cannot be read. */
async function* mboxItems(path: string, place: Place, limit: number): AsyncGenerator<CorpusItem> {
  try {
    const file = await openFile(path);
    try {
      for await (const { start, end } of spans(file))
        yield { path, offset: start, bytes: await readSpan(file, start, Math.min(limit, end - start)) };
    } finally {
      await file.close();
    }
  } catch (error) {
    const item = failed(path, place, error);
    if (item !== undefined) yield item;
  }
}

/** What cannot be read, as an item; undefined if it vanished since it was listed. @throws TamisError INPUT if it was not listed. */
function failed(path: string, { listed }: Place, error: unknown): UnreadableMessage | undefined {
  if (!listed) throw inputError(path, error);
  // A name that is not UTF-8 came with U+FFFD in it and is missing by that name: it did not vanish.
  return isMissing(error) && !path.includes('\uFFFD') ? undefined : { path, error: inputError(path, error) };
}

function inputError(path: string, error: unknown): TamisError {
  return error instanceof TamisError ? error : unreadable(path, error);
}
