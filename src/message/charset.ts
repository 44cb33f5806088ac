/**
 * From bytes to text, whatever the declaration says.
 *
 * In this order: a byte order mark, unless the declared charset has it as letters; the escapes of ISO-2022-JP, unless another charset is declared; UTF-8 if the bytes are valid UTF-8 (text in another charset almost
 * never is: a declaration of us-ascii or iso-8859-1 over UTF-8 is the commonest lie); the declared charset, by libmime;
 * windows-1252, which contains ISO 8859-1. Where a declaration leaves more characters in doubt than it explains, it is taken for a lie.
 * UTF-7 is left as it is, as libmime and today's readers leave it. Never throws.
 */
import libmime from 'libmime';
import { createDecodeStream, decode } from 'libmime/lib/charset.js';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const utf8Names = /^(?:utf-?8|us-ascii|ascii)?$/;
const wideNames = /^(?:utf-?(?:16|32)|ucs-?[24])/;
/** The charset of an RFC 2047 word. */
const wordCharset = /^[\w.:-]{1,40}/;
/** What begins Japanese text in ISO-2022-JP (RFC 1468), and the declarations that it may stand under. */
const japanese = ['\x1b$B', '\x1b$@'];
const sevenBit = /^(?:iso-2022-jp.*|csiso2022jp|us-ascii|ascii)?$/;

/** Decodes the bytes of a part. `charset` is lower-case, empty where none is declared. */
export function decodeText(bytes: Buffer, charset: string): string {
  if (charset === '' || wideNames.test(charset) || isWide(bytes)) {
    if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
    if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  }
  if (sevenBit.test(charset) && japanese.some((escape) => bytes.includes(escape)))
    return decodeOr(bytes, 'iso-2022-jp');
  if (!wideNames.test(charset) || !bytes.includes(0)) {
    try {
      return strictUtf8.decode(bytes);
    } catch {
      // Not UTF-8: the declaration decides.
    }
  }
  return plausible(bytes, saysMore(charset) ? charset : 'utf-8');
}

/** Whether so many bytes are zero as in UTF-16 of a Western language, blanks and line ends. */
function isWide(bytes: Buffer): boolean {
  let zeros = 0;
  for (let at = bytes.indexOf(0); at >= 0 && 8 * zeros < bytes.length; at = bytes.indexOf(0, at + 1)) zeros++;
  return zeros > 0 && 8 * zeros >= bytes.length;
}

/** Decodes the value of a header field, given as Latin-1: RFC 2047 words, and bytes above 127 as above. */
export function decodeField(value: string): string {
  const text = /^[\0-\x7f]*$/.test(value) ? value : decodeText(Buffer.from(value, 'latin1'), '');
  if (!text.includes('=?')) return text;
  const decoded = decodeWords(text);
  return isDoubtful(decoded) ? decodeWords(withHonestWords(text)) : decoded;
}

/** Words that are not in the charset that they declare are declared as windows-1252, unless that says more than UTF-8. */
function withHonestWords(text: string): string {
  return text
    .split('=?')
    .map((word) => {
      const charset = wordCharset.exec(word)?.[0];
      if (charset === undefined || saysMore(charset.toLowerCase())) return word;
      return isDoubtful(decodeWords(`=?${word}`)) ? `windows-1252${word.slice(charset.length)}` : word;
    })
    .join('=?');
}

function decodeWords(text: string): string {
  try {
    return libmime.decodeWords(text);
  } catch {
    return text;
  }
}

/** Whether a declaration says more than that the text is UTF-8. */
function saysMore(charset: string): boolean {
  return !utf8Names.test(charset) && isKnown(charset);
}

/** Charsets that were asked for, and whether libmime knows them: to find out makes a decoder. Cleared when senders have made up many. */
const asked = new Map<string, boolean>();
const mostAsked = 200;

/** Whether libmime decodes a charset as itself; one that it does not know it takes for UTF-8. */
function isKnown(charset: string): boolean {
  const answer = asked.get(charset) ?? isSupported(charset);
  if (asked.size >= mostAsked) asked.clear();
  asked.set(charset, answer);
  return answer;
}

function isSupported(charset: string): boolean {
  try {
    return createDecodeStream(charset).supported;
  } catch {
    return false;
  }
}

/** The text in one charset or in windows-1252, whichever leaves fewer characters in doubt. */
function plausible(bytes: Buffer, charset: string): string {
  const text = decodeOr(bytes, charset);
  return isDoubtful(text) ? decodeOr(bytes, 'windows-1252') : text;
}

/** Whether a text has more characters that could not be decoded than such outside ASCII that could. */
function isDoubtful(text: string): boolean {
  const doubtful = text.split('\ufffd').length - 1;
  return doubtful > 0 && (text.match(/[\u0080-\ufffc]/g)?.length ?? 0) <= doubtful;
}

function decodeOr(bytes: Buffer, charset: string): string {
  try {
    return decode(bytes, charset);
  } catch {
    return bytes.toString('latin1');
  }
}
