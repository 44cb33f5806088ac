/**
 * Moving and removing messages of a Maildir that others read and move meanwhile: a message that is gone is done with.
 */
import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemCode, TamisError } from '../errors.ts';
import { deliveryPlace } from './layout.ts';
import { flagsOf, uniqueName } from './names.ts';
import { noteSize, sizeOf } from './quota.ts';

/**
 * Moves a message into the inbox or a folder, where it stays as read or unread as it was.
 *
 * @param folder As it is called on disk; made if it is missing. Undefined: the inbox.
 * @throws TamisError DELIVERY if it cannot be moved; it is where it was.
 */
export function moveMessage(path: string, maildir: string, folder: string | undefined): void {
  const part = basename(dirname(path)) === 'new' ? 'new' : 'cur';
  const place = join(deliveryPlace(maildir, folder), part);
  try {
    moveTo(path, join(place, basename(path)));
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw cannot('moved', path, error);
    const flags = flagsOf(basename(path));
    moveTo(path, join(place, `${uniqueName()}${part === 'cur' ? `:2,${flags}` : ''}`));
  }
}

/**
 * Removes a message.
 *
 * @throws TamisError DELIVERY if it cannot be removed.
 */
export function removeMessage(path: string): void {
  const { bytes, messages } = sizeOf(dirname(path), basename(path));
  try {
    if (unlinkIfThere(path)) noteSize(join(dirname(path), '..'), { bytes: -bytes, messages: -messages });
  } catch (error) {
    throw cannot('removed', path, error);
  }
}

/** By a link, which takes no other message's place; by a rename where there are none. */
function moveTo(path: string, target: string): void {
  try {
    linkSync(path, target);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return;
    if (code !== 'EEXIST') {
      renameSync(path, target);
      return;
    }
    // A run that was killed in between has made the link already.
    if (!isSame(path, target)) throw error;
  }
  unlinkIfThere(path);
}

function isSame(path: string, target: string): boolean {
  const [one, other] = [path, target].map((name) => lstatSync(name, { throwIfNoEntry: false }));
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

/** Whether it was there. */
function unlinkIfThere(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function cannot(what: string, path: string, cause: unknown): TamisError {
  return new TamisError('DELIVERY', `${path} cannot be ${what}; see who may write to its folder.`, { cause });
}
