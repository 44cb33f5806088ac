/**
 * The identity of a message: what stays the same from the filter to the Maildir and back.
 *
 * SHA-256 over the fields that delivery does not change (no Received field at all: a later host puts its own on top), the
 * text without our tags and with white space collapsed (and without the `>` that an mbox puts before a line that begins with `From `), and
 * the types and file names of the parts; cut to 16 bytes. Two messages that a person
 * would call two differ in Message-ID, Date or text.
 */
import { createHash } from 'node:crypto';
import type { Content } from './content.ts';
import { judgedFields } from './delivered.ts';

const bytes = 16;

/** The fingerprint of a message: 16 bytes. */
export function fingerprint({ fields, text, hidden, parts }: Content): Buffer {
  const hash = createHash('sha256');
  for (const { name, value } of judgedFields(fields)) {
    const lower = name.toLowerCase();
    if (lower !== 'received') hash.update(`${lower}: ${value}\n`);
  }
  for (const said of [text, hidden]) hash.update(`${essence(said)}\n`);
  for (const { type, fileName } of parts) hash.update(`${type} ${fileName}\n`);
  return hash.digest().subarray(0, bytes);
}

function essence(text: string): string {
  const unquoted = text.includes('>From ') ? text.replace(/^>+(?=From )/gm, '') : text;
  return unquoted.replace(/\s+/g, ' ').trim();
}
