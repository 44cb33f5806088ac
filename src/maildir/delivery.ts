/**
 * Safe writing into a Maildir (https://cr.yp.to/proto/maildir.html): the message is written into `tmp`,
 * brought to the disk, and only then appears in `new`, whole. Nobody sees a part of it, and after `commit` it
 * survives a crash.
 *
 * Everything is synchronous: the filter writes piece by piece and must not go on before a piece is taken. The
 * quota of Maildir++ (quota.ts) is looked at once the size is known.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { systemCode, TamisError } from '../errors.ts';
import { deliveryPlace, syncDirectory } from './layout.ts';
import { uniqueName } from './names.ts';
import { checkQuota, noteSize } from './quota.ts';

/** How often another name is tried where one is taken; names are unique, so once is already unheard of. */
const attempts = 5;

/** File systems without hard links say one of these. */
const noLinks: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
  'EXDEV',
]);

/** One message on its way into a Maildir. */
export class MaildirDelivery {
  /** Where the caller writes the message, from its first byte to its last; closed by `commit` and by `abort`. */
  readonly fd: number;
  private readonly maildir: string;
  private readonly place: string;
  private readonly temporary: string;
  private state: 'open' | 'closed' | 'ended' = 'open';

  private constructor(maildir: string, place: string, temporary: string, fd: number) {
    this.maildir = maildir;
    this.place = place;
    this.temporary = temporary;
    this.fd = fd;
  }

  /**
   * Begins a delivery.
   *
   * @param maildir The Maildir; it must exist.
   * @param folder The Maildir++ folder as it is called on disk, such as `.Spam`; made if it is missing.
   *   Undefined for the inbox.
   * @throws TamisError DELIVERY if there is no such Maildir, the folder's name climbs out of it, or nothing
   *   can be written there.
   */
  static open(maildir: string, folder?: string): MaildirDelivery {
    const place = placeOrFailure(maildir, folder);
    return unlessTaken(place, (name) => {
      const temporary = join(place, 'tmp', name);
      return new MaildirDelivery(maildir, place, temporary, openSync(temporary, 'wx', 0o600));
    });
  }

  /**
   * Ends the delivery: the message is on the disk and in `new`.
   *
   * @returns The path of the message.
   * @throws TamisError DELIVERY if that did not succeed, or would exceed the quota; `abort` is called next. At worst
   *   the message is there all the same.
   */
  commit(): string {
    let size = 0;
    try {
      fsyncSync(this.fd);
      size = fstatSync(this.fd).size;
      this.close();
    } catch (cause) {
      throw failure(this.place, cause);
    }
    checkQuota(this.maildir, size);
    return unlessTaken(this.place, (name) => {
      const path = join(this.place, 'new', `${name},S=${size}`);
      moveToNew(this.temporary, path);
      this.state = 'ended';
      syncDirectory(join(this.place, 'new'));
      noteSize(this.maildir, { bytes: size, messages: 1 });
      return path;
    });
  }

  /** Gives the delivery up and leaves nothing behind. Never throws; after `commit` it does nothing. */
  abort(): void {
    if (this.state === 'ended') return;
    try {
      this.close();
    } catch {
      // The descriptor is gone either way.
    }
    this.state = 'ended';
    removeQuietly(this.temporary);
  }

  private close(): void {
    if (this.state !== 'open') return;
    this.state = 'closed';
    closeSync(this.fd);
  }
}

function placeOrFailure(maildir: string, folder: string | undefined): string {
  try {
    return deliveryPlace(maildir, folder);
  } catch (error) {
    throw error instanceof TamisError ? error : failure(maildir, error);
  }
}

/** Runs the work with a unique name, and again with another while the name is taken. */
function unlessTaken<T>(place: string, work: (name: string) => T): T {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return work(uniqueName());
    } catch (cause) {
      if (systemCode(cause) !== 'EEXIST' || attempt === attempts) throw failure(place, cause);
    }
  }
}

/** A link never takes the place of a message that is there; a rename would, so it comes second. */
function moveToNew(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (!noLinks.has(systemCode(error)) || existsSync(path)) throw error;
    renameSync(temporary, path);
    return;
  }
  removeQuietly(temporary);
}

/** What stays in `tmp` is swept by mail readers after 36 hours. */
function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone, or cannot be helped.
  }
}

function failure(place: string, cause: unknown): TamisError {
  return new TamisError('DELIVERY', `The message cannot be written into the Maildir ${place}.`, { cause });
}
