/**
 * Transfer encodings undone (RFC 2045, section 6): what is broken is decoded as far as it goes.
 */
import { decodeText } from './charset.ts';
import type { RawPart } from './split.ts';

/** Where browsers look for a declaration in HTML, in bytes. */
const htmlHead = 1024;

const htmlTypes: ReadonlySet<string> = new Set(['text/html', 'application/xhtml+xml', 'text/x-amp-html']);
/** A file whose type says nothing: programs open it by its name. */
const htmlName = /\.x?html?$/i;

const equals = 0x3d;
const lineFeed = 0x0a;

/** The bytes of a part. An encoding that is unknown leaves them as they are. */
export function decodeBody({ encoding, body }: Pick<RawPart, 'encoding' | 'body'>): Buffer {
  // Programs read past what stands around the word.
  const word = /[\w-]+/.exec(encoding)?.[0];
  if (word === 'base64') return decodeBase64(body);
  if (word === 'quoted-printable') return decodeQuotedPrintable(body);
  return body;
}

const texts = new WeakMap<RawPart, string>();

/** The text of a part, line ends made `\n`; HTML is still HTML. Decoded once for as long as the part is held. */
export function textOf(part: RawPart): string {
  const known = texts.get(part);
  if (known !== undefined) return known;
  const bytes = decodeBody(part);
  const decoded = decodeText(bytes, part.charset || charsetInHtml(part, bytes));
  const text = decoded.includes('\r') ? decoded.replace(/\r\n?/g, '\n') : decoded;
  texts.set(part, text);
  return text;
}

/** Whether a part is HTML, by its type or, where that says nothing, by its name. */
export function isHtml({ type, fileName }: Pick<RawPart, 'type' | 'fileName'>): boolean {
  return htmlTypes.has(type) || (type === 'application/octet-stream' && htmlName.test(fileName));
}

/** The charset that HTML declares in its own head, where the part does not; empty where neither does. */
function charsetInHtml(part: RawPart, bytes: Buffer): string {
  if (!isHtml(part)) return '';
  const [, declared] = bytes
    .toString('latin1', 0, htmlHead)
    .toLowerCase()
    .split(/charset=["']?/, 2);
  return declared === undefined ? '' : (/^[\w:-]{1,40}/.exec(declared)?.[0] ?? '');
}

/**
 * Node stops at the first padding, which is no end where a sender encoded piece by piece, and takes `-` and `_` for digits, which are to be passed
 * over like all that is none (RFC 2045, section 6.8).
 */
function decodeBase64(body: Buffer): Buffer {
  const raw = body.toString('latin1');
  const text = raw.includes('-') || raw.includes('_') ? raw.replace(/[-_]+/g, '') : raw;
  const padded = text.indexOf('=');
  if (padded < 0 || padded > text.length - 8) return Buffer.from(text, 'base64');
  const groups = text.split('=').map((group) => group.replace(/[^+/0-9a-z]/gi, ''));
  return Buffer.concat(groups.map((group) => Buffer.from(group, 'base64')));
}

/**
 * RFC 2045, section 6.7. A `=` that begins neither a code nor a soft line break stays; one at the very end goes, as if the line end
 * were cut off, so that a line end more does not change the text.
 */
function decodeQuotedPrintable(body: Buffer): Buffer {
  const out = Buffer.allocUnsafe(body.length);
  let length = 0;
  let at = 0;
  while (at < body.length) {
    const next = body.indexOf(equals, at);
    const end = next < 0 ? body.length : next;
    length += body.copy(out, length, at, end);
    if (next < 0) break;
    const code = hex(body[end + 1]) * 16 + hex(body[end + 2]);
    if (!Number.isNaN(code)) {
      out[length++] = code;
      at = end + 3;
      continue;
    }
    at = behindSoftBreak(body, end + 1);
    if (at === end + 1 && at < body.length) out[length++] = equals;
  }
  return out.subarray(0, length);
}

/** Where the line after a soft line break begins; `at` itself where there is none. */
function behindSoftBreak(body: Buffer, at: number): number {
  let end = at;
  while (body[end] === 0x20 || body[end] === 0x09) end++;
  if (end === body.length) return end;
  return body[end] === lineFeed ? end + 1 : at;
}

function hex(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : NaN;
}
