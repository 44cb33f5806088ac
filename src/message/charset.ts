/**
 * From bytes to text, whatever the declaration says.
 *
 * In this order: a byte order mark; UTF-8 if the bytes are valid UTF-8 (text in another charset almost never is: a declaration of
 * us-ascii or iso-8859-1 over UTF-8 is the commonest lie), unless the declared charset is one of the 7-bit ones that use
 * escapes; the declared charset, by libmime; windows-1252, which contains ISO 8859-1. Never throws.
 */
import libmime from 'libmime';
import { decode } from 'libmime/lib/charset.js';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const sevenBit = /^(?:iso-2022|utf-7|hz-gb)/;
const utf8Names = /^(?:utf-?8|us-ascii|ascii)?$/;
const utf16 = /^utf-?16|^ucs-?2/;

/** Decodes the bytes of a part. `charset` is lower-case, empty where none is declared. */
export function decodeText(bytes: Buffer, charset: string): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  if (!sevenBit.test(charset) && !utf16.test(charset)) {
    try {
      return strictUtf8.decode(bytes);
    } catch {
      // Not UTF-8: the declaration decides.
    }
  }
  return utf8Names.test(charset) ? lossy(bytes) : declared(bytes, charset);
}

/** Decodes the value of a header field: RFC 2047 words, and bytes above 127 as above. */
export function decodeField(bytes: Buffer): string {
  const text = decodeText(bytes, '');
  if (!text.includes('=?')) return text;
  try {
    return libmime.decodeWords(text);
  } catch {
    return text;
  }
}

/** UTF-8 with some broken bytes, or windows-1252: whichever leaves fewer characters in doubt. */
function lossy(bytes: Buffer): string {
  const utf8 = bytes.toString('utf8');
  const broken = utf8.split('\ufffd').length - 1;
  const multibyte = utf8.match(/[\u0080-\ufffc]/g)?.length ?? 0;
  return multibyte > broken ? utf8 : new TextDecoder('windows-1252').decode(bytes);
}

function declared(bytes: Buffer, charset: string): string {
  try {
    return decode(bytes, charset);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
