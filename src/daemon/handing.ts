/**
 * Handing a judged message on, for one recipient: what every kind of next hop is told, and what it answers.
 *
 * Invariant: a reply that begins with 2 is given only when the message is the next hop's to keep, or is synced to the disk.
 * Whatever is not known to have gone well is 451, and the client tries again: at worst a message comes twice.
 */
import type { places } from '../config/next-hop.ts';
import { describe } from '../errors.ts';

/** Who sends what to whom. Addresses are as on the wire, without `<>`; bytes above ASCII are UTF-8. */
export interface Envelope {
  readonly sender: string;
  readonly recipient: string;
  /** Whose filter judged it. */
  readonly user: string;
  /** The domain of the recipient; empty if it has none. */
  readonly domain: string;
  /** Whether the client said BODY=8BITMIME, and SMTPUTF8. */
  readonly eightBit: boolean;
  readonly utf8: boolean;
}

/** A message for one recipient. */
export interface Handed {
  readonly envelope: Envelope;
  /** Whether it goes to where spam goes, if the next hop has such a place. */
  readonly spam: boolean;
  /** The message as it goes out, in pieces that are good until the next is asked for. */
  readonly message: () => AsyncIterable<Uint8Array>;
}

/** One of the ways on, for one session. */
export interface Handing {
  /** Hands a message on; gives the reply to the client: code, enhanced code, text. */
  handOn(handed: Handed): Promise<string>;
  /** Lets go of what was kept for the next message. */
  close(): void;
}

/** The reply for a failure of ours or of the next hop: try again later. */
export function tryLater(enhanced: string, error: unknown): string {
  return `451 ${enhanced} ${printable(describe(error))}`;
}

/** In printable ASCII, of a length that fits a reply (RFC 5321, 4.5.3.1.5: 512 bytes). */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 400);
}

/** A text with what it says of the envelope filled in (config/next-hop.ts). */
export function filled(template: string, envelope: Envelope): string {
  const { user, domain, recipient, sender } = envelope;
  const at = user.lastIndexOf('@');
  const values: Record<keyof typeof places, string> = {
    '%u': user,
    '%n': at < 0 ? user : user.slice(0, at),
    '%d': domain,
    '%r': recipient,
    '%s': sender,
  };
  return template.replace(/%[undrs]/g, (place) => values[place as keyof typeof places]);
}
