/**
 * Handing on into Maildirs: spam into its folder, all else into the inbox, with LF for CRLF and the sender in a Return-Path
 * (RFC 5321, 4.4). The Maildir must exist: one that does not may be on a disk that is not there yet, so it is tried again.
 */
import { MaildirSink } from '../filter/folder.ts';
import { filled, printable, tryLater, type Envelope, type Handed, type Handing } from './handing.ts';
import { withLf } from './lines.ts';

/** Where spam goes, and everything. */
export interface MaildirPlaces {
  readonly template: string;
  readonly spamFolder: string;
}

/** The Maildirs of a template. */
export class MaildirHanding implements Handing {
  private readonly places: MaildirPlaces;

  constructor(places: MaildirPlaces) {
    this.places = places;
  }

  async handOn({ envelope, spam, message }: Handed): Promise<string> {
    const { template, spamFolder } = this.places;
    const maildir = pathOf(template, envelope);
    if (maildir === undefined) return `550 5.1.1 <${printable(envelope.recipient)}> has no Maildir here`;
    let sink: MaildirSink | undefined;
    try {
      sink = new MaildirSink(maildir, spam ? spamFolder : undefined);
      const fields = `Return-Path: <${printable(envelope.sender)}>\n`;
      for await (const piece of withLf(message(fields))) sink.write(piece);
      sink.finish();
      return '250 2.0.0 In the Maildir';
    } catch (error) {
      sink?.abort();
      return tryLater('4.2.0', error);
    }
  }

  close(): void {
    // Nothing is kept.
  }
}

/** The path, if no part of the envelope can be more in it than a part of a name. */
function pathOf(template: string, envelope: Envelope): string | undefined {
  const used = template.match(/%[und]/g) ?? [];
  // Neither another folder, nor the one above, nor a hidden one.
  const safe = used.every((place) => /^[^./\0][^/\0]*$/.test(filled(place, envelope)));
  return safe ? filled(template, envelope) : undefined;
}
