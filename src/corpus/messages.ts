/**
 * The messages behind a PATH, whatever it is:
 *
 * - a Maildir (it has `cur` and `new`): its messages, neither drafts nor trashed ones;
 * - another folder: each file in it is one message, by number where the names begin with one (MH); folders
 *   inside are not walked;
 * - a file that begins with a `From ` line: an mbox, also if it holds one message only;
 * - any other file: one message.
 *
 * Only the first bytes of each message are read. A message that vanished since it was listed is passed over;
 * one that cannot be read is handed out as an error, so that it is counted and the others are read all the
 * same.
 */
import { stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { TamisError } from '../errors.ts';
import { isMaildir } from '../maildir/layout.ts';
import { compareNames } from '../maildir/names.ts';
import { listMaildir, messageNames } from '../maildir/reader.ts';
import { defaultLimit, isMissing, openFile, readBeginning, readSpan, unreadable } from './file.ts';
import { isSeparator, spans, type Span } from './mbox.ts';

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
type Place =
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  | { readonly kind: 'mbox' }
  | { readonly kind: 'message' };

/**
 * The messages of a PATH in their order.
 *
 * @param limit How many bytes of each message are read at most.
 * @throws TamisError INPUT if the PATH itself does not exist or cannot be read.
 */
export async function* messages(path: string, limit: number = defaultLimit): AsyncGenerator<CorpusItem> {
  const place = await placeOf(path);
  switch (place.kind) {
    case 'mbox':
      for await (const { file, start, end } of mboxSpans(path)) {
        yield { path, offset: start, bytes: await readSpan(file, start, Math.min(limit, end - start)) };
      }
      break;
    case 'message':
      yield { path, offset: 0, bytes: readBeginning(path, limit) };
      break;
    case 'files':
      for (const file of place.paths) {
        const item = fileItem(file, limit);
        if (item !== undefined) yield item;
      }
  }
}

/**
 * How many messages a PATH holds, for a progress bar: a folder is listed, an mbox is read through once, which
 * is a small part of what learning from it takes.
 *
 * @throws TamisError INPUT as {@link messages}.
 */
export async function countMessages(path: string): Promise<number> {
  const place = await placeOf(path);
  switch (place.kind) {
    case 'files':
      return place.paths.length;
    case 'message':
      return 1;
    case 'mbox': {
      const found = mboxSpans(path);
      let count = 0;
      while ((await found.next()).done !== true) count += 1;
      return count;
    }
  }
}

async function placeOf(path: string): Promise<Place> {
  try {
    if (!(await stat(path)).isDirectory()) return { kind: fileKind(path) };
    if (isMaildir(path)) return { kind: 'files', paths: await listMaildir(path) };
    const names = await messageNames(path);
    return { kind: 'files', paths: names.sort(compareNames).map((name) => join(path, name)) };
  } catch (error) {
    throw inputError(path, error);
  }
}

/** An empty file is a mailbox that was emptied; there is no empty message. */
function fileKind(path: string): 'mbox' | 'message' {
  const beginning = readBeginning(path, 1024);
  const firstLine = beginning.subarray(0, beginning.indexOf('\n') + 1 || beginning.length);
  return beginning.length === 0 || isSeparator(firstLine) ? 'mbox' : 'message';
}

/** A file of a folder; undefined if it vanished. */
function fileItem(path: string, limit: number): CorpusItem | undefined {
  try {
    const bytes = readBeginning(path, limit);
    if (bytes.length > 0) return { path, offset: 0, bytes };
    return { path, error: new TamisError('INPUT', `${path} is empty; remove it.`) };
  } catch (error) {
    // A name that is not UTF-8 came with U+FFFD in it and is missing by that name: it did not vanish.
    return isMissing(error) && !path.includes('\uFFFD')
      ? undefined
      : { path, error: inputError(path, error) };
  }
}

async function* mboxSpans(path: string): AsyncGenerator<Span & { readonly file: FileHandle }> {
  const file = await openFile(path);
  try {
    for await (const span of spans(file)) yield { ...span, file };
  } catch (error) {
    throw inputError(path, error);
  } finally {
    await file.close();
  }
}

function inputError(path: string, error: unknown): TamisError {
  return error instanceof TamisError ? error : unreadable(path, error);
}
