/**
 * The index of an evaluation, as the TREC spam track has it: one message a line with its true class, in the
 * order in which they are judged.
 *
 *     # a comment
 *     spam path/of/a/message
 *     ham another path
 *
 * Blanks or tabs stand between class and path; the path may hold blanks. Empty lines and CRLF are fine. Each
 * path is one message, also where it begins with a `From ` line.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { TamisError } from '../errors.ts';
import { unreadable } from './file.ts';

/** A line of an index. */
export interface IndexEntry {
  readonly spam: boolean;
  /** The path as the index has it. */
  readonly name: string;
  /** Where the message is: the name, seen from the root. */
  readonly path: string;
}

/**
 * Reads an index.
 *
 * @param root Where relative paths begin; the folder of the index unless given.
 * @throws TamisError INPUT, with file and line, if the index cannot be read, has a line of another form, or
 *   names no message.
 */
export async function readIndex(file: string, root: string = dirname(file)): Promise<IndexEntry[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  const entries = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((raw, at) => {
      const line = raw.trim();
      if (line === '' || line.startsWith('#')) return [];
      const [, judge, name] = /^(spam|ham)[ \t]+(\S.*)$/.exec(line) ?? [];
      if (name === undefined) {
        throw new TamisError('INPUT', `${file}, line ${at + 1}: a line is "spam PATH" or "ham PATH".`);
      }
      return [{ spam: judge === 'spam', name, path: resolve(root, name) }];
    });
  if (entries.length === 0) {
    throw new TamisError('INPUT', `${file} names no message; a line is "spam PATH" or "ham PATH".`);
  }
  return entries;
}
