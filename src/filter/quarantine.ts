/**
 * Where mail that is judged spam is kept when it is not to go out (`--deliver=innocent --stdout`): a Maildir of each user, with the header lines of
 * the verdict, made at its first message. A managed group has one for all of its members.
 *
 * It lies below the home, or where the setting `quarantine` says: there a last name that begins with a dot is a Maildir++ folder of the user's
 * mailbox (`/home/vpopmail/domains/%d/%n/Maildir/.Quarantine`), which the user reads over IMAP and moves mail out of. A user whose name cannot stand in such a
 * path has a quarantine below the home.
 */
import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Config } from '../config/load.ts';
import { describe, TamisError } from '../errors.ts';
import { membershipOf } from '../judge/groups.ts';
import { userName } from '../judge/users.ts';
import { log } from '../log.ts';
import { mailboxOf } from '../maildir/mailboxes.ts';
import { folderOf } from '../store/names.ts';
import { MaildirSink } from './folder.ts';
import type { Sink } from './sink.ts';

/** The Maildir of a user's quarantine; it need not exist. */
export function quarantineOf(config: Config, user: string): string {
  const name = keeperOf(config, userName(user, config));
  const { quarantine } = config.settings;
  try {
    if (quarantine !== undefined) return mailboxOf(quarantine, name).maildir;
  } catch (error) {
    if (!(error instanceof TamisError)) throw error;
  }
  return join(config.home, 'quarantine', folderOf(name));
}

/** Whose quarantine it is. Where groups cannot be read it is the user's own: that spam may have to be kept must not stop mail that is none. */
function keeperOf(config: Config, name: string): string {
  try {
    const { managed, owner } = membershipOf(config, name);
    return managed ? owner : name;
  } catch (error) {
    log(describe(error));
    return name;
  }
}

/** The mailbox that a quarantine is a folder of; undefined where it is none. */
export function mailboxAround(maildir: string): string | undefined {
  return basename(maildir).startsWith('.') ? dirname(maildir) : undefined;
}

/**
 * Begins a delivery into a quarantine. If a folder of a mailbox cannot be made, the message goes into the inbox.
 *
 * @throws TamisError DELIVERY if it cannot be made or written.
 */
export function openQuarantine(maildir: string): Sink {
  const mailbox = mailboxAround(maildir);
  if (mailbox !== undefined) return new MaildirSink(mailbox, basename(maildir));
  try {
    for (const part of ['tmp', 'new', 'cur'])
      mkdirSync(join(maildir, part), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new TamisError('DELIVERY', `The quarantine ${maildir} cannot be made.`, { cause });
  }
  return new MaildirSink(maildir, undefined);
}
