/**
 * The identity of a message: what stays the same from the filter to the Maildir and back.
 *
 * SHA-256 over the fields that delivery does not change (no Received field at all: a later host puts its own on top), the
 * text without our tags and with white space collapsed (and without the `>` that an mbox puts before a line that begins with `From `), and
 * the types and file names of the parts; cut to 16 bytes. Two messages that a person
 * would call two differ in Message-ID, Date or text.
 */
import { createHash } from 'node:crypto';
import { oneLine } from './blanks.ts';
import type { Content } from './content.ts';
import { essenceOf, type Essence } from './essence.ts';

const bytes = 16;
const quoted = /^>+(?=From )/gm;

/** The fingerprint of a message: 16 bytes. */
export function fingerprint(content: Content, { fields, text }: Essence = essenceOf(content)): Buffer {
  const told = fields
    .map(({ name, value }) => `${name.toLowerCase()}: ${value}\n`)
    .filter((line) => !line.startsWith('received: '));
  const said = content.text.includes('>From ') ? unquoted(content.text) : text;
  const parts = content.parts.map(({ type, fileName }) => `${type} ${fileName}\n`);
  const all = `${told.join('')}${said}\n${unquoted(`${content.hidden}\n${content.aside}`)}\n${parts.join('')}`;
  return createHash('sha256').update(all).digest().subarray(0, bytes);
}

function unquoted(text: string): string {
  return oneLine(text.includes('>From ') ? text.replace(quoted, '') : text);
}
