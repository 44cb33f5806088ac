/**
 * The messages of a Maildir, read and unread, in the order in which they came.
 *
 * Drafts and trashed messages are left out, and so are dot files. Folders inside are not walked: a Maildir++
 * folder is a Maildir by its own path. Mail goes on moving while it is listed: what is moved from `new` to
 * `cur` is listed once, and what is gone when it is to be read is for the caller to skip.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TamisError } from '../errors.ts';
import { compareNames, isDraftOrTrashed, uniquePart } from './names.ts';

/**
 * The paths of the messages in a Maildir.
 *
 * @throws TamisError INPUT if `new` or `cur` cannot be listed.
 */
export async function listMaildir(maildir: string): Promise<string[]> {
  // `new` first: a message that is moved to `cur` meanwhile is then seen twice rather than not at all.
  const found = new Map<string, string>();
  for (const part of ['new', 'cur']) {
    for (const name of await messageNames(join(maildir, part))) {
      found.set(uniquePart(name), join(maildir, part, name));
    }
  }
  return [...found].sort(([a], [b]) => compareNames(a, b)).map(([, path]) => path);
}

/**
 * The names of the messages in one folder, in no order: files and links to files, neither dot files nor what
 * MH has struck out (`,12`), no drafts and nothing trashed.
 *
 * @throws TamisError INPUT if the folder cannot be listed.
 */
export async function messageNames(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .filter((name) => !/^[.,]/.test(name) && !isDraftOrTrashed(name));
  } catch (cause) {
    throw new TamisError('INPUT', `The folder ${folder} cannot be listed; see who may read it.`, { cause });
  }
}
