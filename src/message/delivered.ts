/**
 * What delivery adds to a message or changes in it. Such fields are neither features nor identity, so that what the filter saw
 * and what later lies in the Maildir are one message.
 *
 * Of the Received fields, the topmost ones that only hand a message on inside one site are left out; the first one that tells
 * of a host outside is the most telling of all. A host is inside if its address is, or if its name is of the receiver's own
 * domain; the name that it gave itself counts only where the receiver found no other.
 */
import type { Field } from './content.ts';

const names: ReadonlySet<string> = new Set(
  (
    'return-path delivered-to delivery-date envelope-to x-original-to x-delivered-to x-sieve status x-status x-uid x-uidl x-keywords ' +
    'content-length lines x-gmail-labels'
  ).split(' '),
);
const prefixes: readonly string[] = ['x-dspam-', 'x-envelope-', 'x-evolution', 'x-imap', 'x-mozilla-'];

/** Whether delivery or a mail program writes this field, given by its name in lower case. */
export function isDeliveryField(name: string): boolean {
  return names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

/** The fields that say something of the message itself, in their order. */
export function judgedFields(fields: readonly Field[]): Field[] {
  let inside = true;
  return fields.filter(({ name, value }) => {
    const lower = name.toLowerCase();
    if (isDeliveryField(lower)) return false;
    if (lower !== 'received') return true;
    inside &&= isHandover(value);
    return !inside;
  });
}

/** Longer than any Received field that a mail server writes in earnest. */
const longest = 1000;

/** Whether a Received field (RFC 5321, section 4.4) only tells of a way inside one site. */
function isHandover(received: string): boolean {
  const way = received.slice(0, longest);
  const from = /^from\s(\S*)/i.exec(way)?.[1];
  if (from === undefined) return true;
  const by = /\sby(?:\s(\S*)|$)/i.exec(way);
  const told = way.slice(0, by?.index);
  const addresses = addressesIn(told);
  if (addresses.length > 0 && addresses.every(isPrivate)) return true;
  if (addresses.length === 0 && /^localhost(?:\.|$)/i.test(from)) return true;
  // Sendmail and Postfix write the name that they looked up before the address, the others in the first place.
  const lookedUp = /^([\w.-]+)\s\[/.exec(told.split('(', 2)[1] ?? '')?.[1] ?? from;
  const here = siteOf(by?.[1] ?? '');
  return here !== '' && here === siteOf(lookedUp);
}

function addressesIn(told: string): string[] {
  return told
    .toLowerCase()
    .split(/[\s()[\],]+/)
    .map((word) => word.replace('ipv6:', ''))
    .filter((word) => /^\d{1,3}(?:\.\d{1,3}){3}$/.test(word) || /^[\da-f]{0,4}:[\da-f:.]+$/.test(word));
}

/** Loopback, private and link-local addresses (RFC 1122, 1918, 3927, 4193, 4291). */
function isPrivate(address: string): boolean {
  return /^(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|::1$|f[cd][\da-f]{2}:|fe80:)/.test(
    address,
  );
}

/** The part of a host name that one site has in common: two labels, three where the second is short (`example.co.uk`). */
function siteOf(host: string): string {
  const labels = host
    .toLowerCase()
    .replace(/[^\w.-]/g, '')
    .replace(/\.$/, '')
    .split('.');
  if (labels.length < 2 || /^\d+$/.test(labels.at(-1) ?? '')) return '';
  const short = labels.length > 2 && (labels.at(-2) ?? '').length <= 3 && (labels.at(-1) ?? '').length === 2;
  return labels.slice(short ? -3 : -2).join('.');
}
