/**
 * Where mail that is judged spam is kept when it is not to go out (`--deliver=innocent --stdout`): a Maildir of each user below the home,
 * with the header lines of the verdict, made at its first message.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/load.ts';
import { TamisError } from '../errors.ts';
import { userName } from '../judge/users.ts';
import { folderOf } from '../store/names.ts';
import { MaildirSink } from './folder.ts';
import type { Sink } from './sink.ts';

/** The Maildir of a user's quarantine; it need not exist. */
export function quarantineOf(config: Config, user: string): string {
  return join(config.home, 'quarantine', folderOf(userName(user, config)));
}

/**
 * Begins a delivery into a quarantine.
 *
 * @throws TamisError DELIVERY if it cannot be made or written.
 */
export function openQuarantine(maildir: string): Sink {
  try {
    for (const part of ['tmp', 'new', 'cur'])
      mkdirSync(join(maildir, part), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new TamisError('DELIVERY', `The quarantine ${maildir} cannot be made.`, { cause });
  }
  return new MaildirSink(maildir, undefined);
}
