/**
 * The folders of a Maildir, and of a Maildir++ folder inside it
 * (https://www.courier-mta.org/imap/README.maildirquota.html): `tmp`, `new` and `cur`; a folder lies beside
 * them, its name begins with a dot, and it holds an empty file `maildirfolder`, by which maildrop and Courier
 * know that the Maildir itself is one level up.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode, TamisError } from '../errors.ts';
import { subscribe } from './subscription.ts';
import { modifiedUtf7 } from './utf7.ts';

const parts = ['tmp', 'new', 'cur'] as const;

/**
 * What a folder that its user calls `Mail/Späm` or `Mail.Späm` is called on disk, by Maildir++: `.Mail.Sp&AOQ-m`. A name that
 * begins with a dot is that of the disk already.
 *
 * @throws TamisError USAGE if the name is none of a folder.
 */
export function folderOnDisk(name: string): string {
  const folder = name.startsWith('.') ? name : `.${modifiedUtf7(name).replaceAll('/', '.')}`;
  if (isFolderName(folder) && !/\p{Cc}/u.test(name) && folder.length <= 200) return folder;
  throw new TamisError(
    'USAGE',
    `Wrong command line: ${JSON.stringify(name)} is not the name of a folder: Spam, or Mail/Spam.`,
  );
}

/** Whether messages can be read from here as from a Maildir; a copy without `tmp` is one too. */
export function isMaildir(path: string): boolean {
  return isDirectory(join(path, 'new')) && isDirectory(join(path, 'cur'));
}

/**
 * The place that a message is delivered to; a folder that is missing or half made is made, and subscribed to.
 *
 * @param folder A Maildir++ folder as it is called on disk, such as `.Spam`; undefined is the Maildir itself.
 * @throws TamisError DELIVERY if the Maildir is missing, the name is none of a folder, or the folder cannot
 *   be made; the error of the operating system if the Maildir cannot be looked at.
 */
export function deliveryPlace(maildir: string, folder: string | undefined): string {
  const missing = parts.find((part) => !isDirectory(join(maildir, part)));
  if (missing !== undefined) {
    throw new TamisError(
      'DELIVERY',
      `${maildir} is not a Maildir: it has no folder "${missing}"; make one with: maildirmake ${maildir}`,
    );
  }
  if (folder === undefined) return maildir;
  if (!isFolderName(folder)) {
    throw new TamisError(
      'DELIVERY',
      `${JSON.stringify(folder)} is not the name of a Maildir++ folder; it begins with a dot and holds no "/" and no "..": .Spam`,
    );
  }
  const place = join(maildir, folder);
  if (parts.every((part) => isDirectory(join(place, part)))) return place;
  try {
    makeFolder(place, maildir);
  } catch (cause) {
    throw new TamisError('DELIVERY', `The folder ${place} cannot be made; see who may write to ${maildir}.`, {
      cause,
    });
  }
  subscribe(maildir, folder);
  return place;
}

/** Writes what a directory says of its files to the disk. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some network file systems cannot, and keep their directories safe in their own way.
    if (!['EINVAL', 'ENOTSUP'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    closeSync(fd);
  }
}

/** Maildir++: levels that each begin with a dot; an empty level would be `..` on disk. */
function isFolderName(folder: string): boolean {
  const [before, ...levels] = folder.split('.');
  return before === '' && levels.length > 0 && levels.every((level) => level !== '' && !/[/\0]/.test(level));
}

/** Another delivery may make the same folder at this moment: what is there already is taken as made. */
function makeFolder(place: string, maildir: string): void {
  for (const directory of [place, ...parts.map((part) => join(place, part))]) {
    try {
      mkdirSync(directory, 0o700);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
  closeSync(openSync(join(place, 'maildirfolder'), 'a', 0o600));
  syncDirectory(place);
  syncDirectory(maildir);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
