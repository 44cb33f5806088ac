/**
 * Delivery into a Maildir: spam into its folder, everything else, also what was not judged, into the inbox.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { MaildirDelivery } from '../maildir/delivery.ts';
import { log } from '../log.ts';
import { describe } from '../errors.ts';
import { writeAll } from './output.ts';
import type { Sink } from './sink.ts';

/** Writes the message into `tmp` of a Maildir and moves it into `new` at the end. */
export class MaildirSink implements Sink {
  private readonly delivery: MaildirDelivery;
  private readonly maildir: string;

  /**
   * @param folder The Maildir++ folder, `.Spam`; undefined for the inbox. If it cannot be made or written, the message goes into
   *   the inbox.
   * @throws TamisError DELIVERY if there is no place for the message.
   */
  constructor(maildir: string, folder: string | undefined) {
    this.maildir = maildir;
    this.delivery = folder === undefined ? MaildirDelivery.open(maildir) : openFolder(maildir, folder);
  }

  write(bytes: Uint8Array): void {
    writeAll(this.delivery.fd, bytes, this.maildir);
  }

  finish(): number {
    this.delivery.commit();
    return 0;
  }

  abort(): void {
    this.delivery.abort();
  }
}

function openFolder(maildir: string, folder: string): MaildirDelivery {
  let delivery: MaildirDelivery | undefined;
  try {
    delivery = MaildirDelivery.open(maildir, folder);
    // When the message has been written it is too late to learn that it cannot be moved.
    accessSync(join(maildir, folder, 'new'), constants.W_OK | constants.X_OK);
    return delivery;
  } catch (error) {
    delivery?.abort();
    log(`the message goes into the inbox: ${describe(error)}`);
    return MaildirDelivery.open(maildir);
  }
}
