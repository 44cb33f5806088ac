/**
 * Senders whose mail a user takes for spam without looking: the domains of `blocklist`, DSPAM's USER.blocklist.
 *
 * As there it is the domain of From that counts, whole, so that `example.com` does not stand for `mail.example.com`; nothing is learned of such a message, and it has no signature.
 * Different from DSPAM: the header says Spam, not Blocklisted, so that rules that look for spam find it; `class` in the summary line says Blocklisted.
 */
import type { Settings } from '../config/settings.ts';
import type { Content } from '../message/content.ts';

/** Whether a message comes from a domain of the blocklist. */
export function isBlocklisted(
  { fields }: Pick<Content, 'fields'>,
  { blocklist }: Pick<Settings, 'blocklist'>,
): boolean {
  if (blocklist.length === 0) return false;
  const from = fields.find(({ name }) => name.toLowerCase() === 'from')?.value ?? '';
  // Behind the last `<`: a name before it may hold an address of its own.
  const address = from.slice(from.lastIndexOf('<') + 1);
  const domain = /@([^\s@<>,;()"]+)/.exec(address)?.[1]?.replace(/\.$/, '').toLowerCase();
  return domain !== undefined && blocklist.includes(domain);
}
