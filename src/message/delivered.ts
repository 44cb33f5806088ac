/**
 * What delivery adds to a message or changes in it. Such fields are neither features nor identity, so that what the filter saw
 * and what later lies in the Maildir are one message.
 *
 * Of the Received fields, the topmost ones that only hand a message on inside one site are left out; the first one that tells
 * of a host outside is the most telling of all.
 */
import type { Field } from './content.ts';

const names = new Set(
  (
    'return-path delivered-to envelope-to x-envelope-to x-envelope-from x-envelope-sender x-original-to status x-status x-uid ' +
    'x-uidl x-keywords x-imap x-imapbase content-length lines x-evolution x-evolution-source x-gmail-labels'
  ).split(' '),
);
const prefixes: readonly string[] = ['x-dspam-', 'x-mozilla-'];

/** Whether delivery writes this field. */
function isDelivery(name: string): boolean {
  return names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

/** The fields that say something of the message itself, in their order. */
export function judgedFields(fields: readonly Field[]): Field[] {
  let inside = true;
  return fields.filter(({ name, value }) => {
    const lower = name.toLowerCase();
    if (isDelivery(lower)) return false;
    if (lower !== 'received') return true;
    inside &&= isHandover(value);
    return !inside;
  });
}

const privateAddress =
  /\[(?:IPv6:)?(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|::1\]|f[cd][0-9a-f]{2}:|fe80:)/i;

/** Whether a Received field (RFC 5321, section 4.4) only tells of a way inside one site. */
function isHandover(received: string): boolean {
  const words = received.slice(0, 1000).split(/\s/);
  const from = words[0]?.toLowerCase() === 'from' ? words[1] : undefined;
  if (from === undefined) return true;
  const by = words.findIndex((word) => word.toLowerCase() === 'by');
  const told = (by < 0 ? words : words.slice(0, by)).join(' ');
  if (/^\[?(?:localhost|127\.)/i.test(from) || /\(localhost[. )]/i.test(told) || privateAddress.test(told))
    return true;
  const here = by < 0 ? '' : siteOf(words[by + 1] ?? '');
  return here !== '' && here === siteOf(from);
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
