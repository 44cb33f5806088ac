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
      const returnPath = `Return-Path: <${printable(envelope.sender)}>\n`;
      for await (const piece of withFirst(returnPath, withLf(message()))) sink.write(piece);
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

/** With a field before all others: behind an mbox line, and behind lines that would continue it. */
async function* withFirst(field: string, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let first = true;
  for await (const piece of source) {
    if (first && piece.length > 0) {
      first = false;
      // A piece begins with a whole line, unless that is longer than what is judged.
      const before = /^(?:From [^\n]*\n)?(?:[ \t][^\n]*\n)*/.exec(piece.toString('latin1'))?.[0].length ?? 0;
      yield Buffer.concat([piece.subarray(0, before), Buffer.from(field), piece.subarray(before)]);
    } else {
      yield piece;
    }
  }
  if (first) yield Buffer.from(field);
}

/** The path, if no part of the envelope can be more in it than a part of a name. */
function pathOf(template: string, envelope: Envelope): string | undefined {
  const used = template.match(/%[und]/g) ?? [];
  // Neither another folder, nor the one above, nor a hidden one.
  const safe = used.every((place) => /^[^./\0][^/\0]*$/.test(filled(place, envelope)));
  return safe ? filled(template, envelope) : undefined;
}
