/**
 * The footer: a `!DSPAM:id!` line in each part that a reader sees as text, so that a message which was forwarded and lost
 * its header can still be retrained.
 *
 * Where it goes:
 * - text/plain: at the end of the part, behind an empty line, so that format=flowed does not join it to the
 *   last paragraph (RFC 3676, 4.1). The part ends as it did: with a line end if it had one, without if not.
 * - text/html: on a line of its own before the last `</body`, else before the last `</html`, else as in text/plain;
 *   also where a line end there would make a boundary of the line before it.
 * - Lines end as the part's own last line does, or if it is one line, as the header block before it.
 *
 * Into which parts: text/plain and text/html that are neither attachments nor empty; the message itself, if it is such a
 * part, even when it is empty. Not into a part that ends behind the prefix, one whose transfer encoding is broken or unknown,
 * one whose charset does not write `!DSPAM` as ASCII does, or one whose type or encoding is stated twice.
 *
 * Never into signed or encrypted mail: whatever holds multipart/signed, multipart/encrypted, S/MIME or PGP outside an
 * attached message stays as it is. What lies behind the prefix is not seen; a footer before it does not touch it.
 *
 * Invariant: all bytes outside these parts stay. Within them the tag is put in and nothing is taken out, but for the end of a
 * base64 text, which is encoded anew from the tag on. Decoded, each part is what it was and the lines of the tag.
 *
 * DKIM signatures of the body break, whatever the encoding.
 */
import type { Edit } from './edit.ts';
import { partsOf, type Part, type PartFields } from './parts.ts';
import { lineEndOf, readBody, type Body } from './transfer.ts';

/** Text parts that get a footer at most; a message of more is left alone. */
const textLimit = 100;

/** Types that say that what is in or beside them is signed or encrypted. */
const sealed: ReadonlySet<string> = new Set([
  'multipart/signed',
  'multipart/encrypted',
  'application/pgp',
  'application/pgp-encrypted',
  'application/pgp-signature',
  'application/pkcs7-mime',
  'application/pkcs7-signature',
  'application/x-pkcs7-mime',
  'application/x-pkcs7-signature',
]);

/** What begins signed or encrypted text (RFC 9580, 6.2; RFC 7468; RFC 1421). */
const sealedText = [
  '-----BEGIN PGP ',
  '-----BEGIN PKCS7',
  '-----BEGIN CMS',
  '-----BEGIN PRIVACY-ENHANCED MESSAGE',
];

/** Charsets in which ASCII bytes are not ASCII text, or not at every point: UTF-7, UTF-16, UTF-32, UCS, HZ, EBCDIC. */
const foreignCharset =
  /^(?:utf-?(?:7|16|32)|(?:cs)?unicode|(?:iso-10646-)?ucs-?[24]|hz|ebcdic|(?:ibm|cp)0?(?:37|500|1026|1047|114\d)\b)/;

/** The byte order marks of UTF-16 and UTF-32, as Latin-1. */
const wideMark = /^(?:\xfe\xff|\xff\xfe|\0\0\xfe\xff)/;

/** What a footer says, and what is known of the message. */
export interface FooterOptions {
  /** `!DSPAM:id!`, and what the site says before it: lines of printable ASCII without `=`, at most 76 characters each, with `\n` between. */
  readonly tag: string;
  /** Whether the prefix is the whole message. */
  readonly complete: boolean;
}

/** The edits that put the tag into a message; none where nothing may be touched or mailsplit cannot read it. */
export async function footerEdits(prefix: Buffer, options: FooterOptions): Promise<readonly Edit[]> {
  const { tag, complete } = options;
  const parts = await partsOf(prefix, complete);
  if (parts === undefined || parts.some(({ node }) => sealed.has(typeOf(node)))) return [];
  const texts = parts.filter(({ node }) => typeOf(node).startsWith('text/'));
  if (texts.length > textLimit) return [];

  const edits: Edit[] = [];
  for (const part of texts) {
    // Where the header block has no end, there is no body that something could be put into.
    const lineEnd = lineEndOf(prefix.subarray(0, part.start));
    if (lineEnd === undefined || !endsHeader(prefix, part.start)) continue;
    const encoded = prefix.subarray(part.start, part.end);
    const body = readBody(encoded, part.node.encoding || '', lineEnd);
    if (sealedText.some((beginning) => body.bytes.includes(beginning, 0, 'latin1'))) return [];
    if (!takesTag(part, body)) continue;
    const edit = candidates(part, body, tag).find((one) => !makesBoundary(prefix, part, one.start));
    if (edit !== undefined) edits.push(edit);
  }
  return edits;
}

/** Whether a part is one that gets the tag, as far as its fields and its being there go. */
function takesTag({ node, closed }: Part, { bytes }: Body): boolean {
  const type = typeOf(node);
  if (!closed || (type !== 'text/plain' && type !== 'text/html') || node.disposition === 'attachment')
    return false;
  if (valuesOf(node, 'Content-Type') > 1 || valuesOf(node, 'Content-Transfer-Encoding') > 1) return false;
  return node.root || !isEmpty(bytes);
}

/** The edits of the message that put the tag into one part, the best place first. */
function candidates({ node, start }: Part, body: Body, tag: string): Edit[] {
  const { bytes, lineEnd } = body;
  const text = bytes.toString('latin1');
  const lines = tag.replaceAll('\n', lineEnd);
  const whole = text === '' || text.endsWith('\n');
  const places = typeOf(node) === 'text/html' ? endsOfHtml(text) : [];
  return [
    ...places.map((at) => ({ at, line: lineEnd + lines + lineEnd })),
    { at: text.length, line: whole ? lineEnd + lines + lineEnd : lineEnd + lineEnd + lines },
  ]
    .filter(({ at }) => isAsciiAt(text, at, node.charset || ''))
    .map(({ at, line }) => body.insertion(at, line))
    .filter((edit) => edit !== undefined)
    .map((edit) => ({ start: start + edit.start, end: start + edit.end, bytes: edit.bytes }));
}

/** Where the end of the body stands in HTML, as far as it is marked. */
function endsOfHtml(text: string): number[] {
  const lower = text.toLowerCase();
  return ['</body', '</html'].map((mark) => lower.lastIndexOf(mark)).filter((at) => at >= 0);
}

/**
 * Whether a line end put in at `at` could make a boundary of the line before it, as in `--boundary--</body>`. Where that line
 * ends there anyway, it is known to be none.
 */
function makesBoundary(prefix: Buffer, { node }: Part, at: number): boolean {
  const line = prefix.toString('latin1', prefix.subarray(0, at).lastIndexOf('\n') + 1, at);
  return !node.root && /^\r?--/.test(line) && !/^\r?\n/.test(prefix.toString('latin1', at, at + 2));
}

/** Whether ASCII bytes put in there are read as ASCII. Escapes of ISO 2022 count whatever charset is declared. */
function isAsciiAt(text: string, at: number, charset: string): boolean {
  if (foreignCharset.test(charset.toLowerCase().trim()) || wideMark.test(text)) return false;
  const before = text.slice(0, at);
  const ascii = Math.max(before.lastIndexOf('\x1b(B'), before.lastIndexOf('\x1b(J'));
  const other = Math.max(before.lastIndexOf('\x1b$'), before.lastIndexOf('\x1b(I'));
  return ascii >= other && before.lastIndexOf('\x0e') <= before.lastIndexOf('\x0f');
}

/** The type of a part. A part of multipart/digest that names none is a message (RFC 2046, 5.1.5). */
function typeOf(node: PartFields): string {
  const inDigest = node.parentNode !== false && node.parentNode.multipart === 'digest';
  if (inDigest && valuesOf(node, 'Content-Type') === 0) return 'message/rfc822';
  return node.contentType || '';
}

function valuesOf(node: PartFields, name: string): number {
  return node.headers === false ? 0 : node.headers.get(name).length;
}

function endsHeader(prefix: Buffer, start: number): boolean {
  const end = prefix.toString('latin1', Math.max(0, start - 4), start);
  return /^\r?\n$|\n\r?\n$/.test(end);
}

function isEmpty(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}
