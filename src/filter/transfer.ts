/**
 * Bodies under their Content-Transfer-Encoding (RFC 2045, 6): read, and text put in without encoding them anew.
 *
 * Invariant: an edit at decoded position `at` changes what the body decodes to from `bytes` into `bytes[0, at) + text +
 * bytes[at, end)`, and no byte of the body before that point. Under base64 only, bytes behind it change too: the
 * encoding has no place between two characters, so what follows the point is written anew.
 *
 * Where decoders could differ about the result there is no edit: broken base64, a quoted-printable `=` that escapes
 * nothing right before the point, an encoding that is unknown.
 */
import type { Edit } from './edit.ts';

const LF = 0x0a;
const CR = 0x0d;
const equals = 0x3d;
const blanks: readonly (number | undefined)[] = [0x20, 0x09];

/** Characters of a line of base64 at most (RFC 2045, 6.8). */
const base64Line = 76;

/** How lines end. */
export type LineEnd = '\n' | '\r\n';

/** A body as its encoding lets it be read. */
export interface Body {
  /** What it decodes to; from a broken body, what can be had. */
  readonly bytes: Buffer;
  /** How the last of its lines ends, of the decoded ones if line ends are encoded too. */
  readonly lineEnd: LineEnd;
  /**
   * The edit that puts text in, with positions in the encoded body; undefined where that is not safe.
   *
   * @param at Position in `bytes`: its end, or before a character that is neither a blank nor a line end.
   * @param text ASCII without `=`, in lines of at most 76 characters, beginning with `lineEnd`.
   */
  insertion(at: number, text: string): Edit | undefined;
}

type Reader = (body: Buffer, lineEnd: LineEnd) => Body;

const readers: ReadonlyMap<string, Reader> = new Map([
  ['', identity],
  ['7bit', identity],
  ['8bit', identity],
  ['binary', identity],
  ['quoted-printable', quotedPrintable],
  ['base64', base64],
]);

/**
 * Reads an encoded body.
 *
 * @param encoding The Content-Transfer-Encoding in lower case, empty if there is none.
 * @param lineEnd How lines end where the body has no line end to show it.
 */
export function readBody(body: Buffer, encoding: string, lineEnd: LineEnd): Body {
  const reader = readers.get(encoding);
  if (reader !== undefined) return reader(body, lineEnd);
  return { bytes: body, lineEnd, insertion: () => undefined };
}

/** How the last line that has an end has it; undefined if none has. */
export function lineEndOf(bytes: Buffer): LineEnd | undefined {
  const at = bytes.lastIndexOf(LF);
  if (at < 0) return undefined;
  return bytes[at - 1] === CR ? '\r\n' : '\n';
}

function identity(body: Buffer, lineEnd: LineEnd): Body {
  return {
    bytes: body,
    lineEnd: lineEndOf(body) ?? lineEnd,
    insertion: (at, text) => ({ start: at, end: at, bytes: Buffer.from(text, 'latin1') }),
  };
}

function quotedPrintable(body: Buffer, given: LineEnd): Body {
  const { bytes, starts, openBreak } = decodeQuotedPrintable(body);
  const lineEnd = lineEndOf(body) ?? given;
  return {
    bytes,
    lineEnd,
    insertion(at, text) {
      const atEnd = at >= bytes.length;
      const start = atEnd ? body.length : (starts[at] ?? 0);
      let before = '';
      if (atEnd && openBreak) before = lineEnd;
      else if (start > 0 && body[start - 1] !== LF) {
        const last = lastTextBefore(body, start);
        if (body[last] === equals || body[last - 1] === equals) return undefined;
        // A blank that was followed by text would count as trailing, and vanish.
        if (!atEnd && blanks.includes(body[start - 1])) before = `=${lineEnd}`;
      }
      return { start, end: start, bytes: Buffer.from(before + text, 'latin1') };
    },
  };
}

/** The last byte before `at` that is neither a blank nor a CR: decoders take these out behind a `=`, or do not. */
function lastTextBefore(body: Buffer, at: number): number {
  let last = at - 1;
  while (last >= 0 && (body[last] === CR || blanks.includes(body[last]))) last--;
  return last;
}

interface QuotedPrintable {
  readonly bytes: Buffer;
  /** For each of the bytes, where it begins in the body. */
  readonly starts: Uint32Array;
  /** Whether the body ends in a soft line break that lacks its line end: the boundary has it. */
  readonly openBreak: boolean;
}

/** Line by line, as trailing blanks do not count (RFC 2045, 6.7, rule 3) and a last `=` joins two lines (rule 5). */
function decodeQuotedPrintable(body: Buffer): QuotedPrintable {
  const bytes = Buffer.alloc(body.length);
  const starts = new Uint32Array(body.length);
  let length = 0;
  let openBreak = false;
  const put = (value: number, start: number): void => {
    starts[length] = start;
    bytes[length++] = value;
  };
  for (let at = 0; at < body.length;) {
    const lf = body.indexOf(LF, at);
    const next = lf < 0 ? body.length : lf + 1;
    const lineEnd = lf < 0 ? next : lf > at && body[lf - 1] === CR ? lf - 1 : lf;
    let end = lineEnd;
    while (end > at && blanks.includes(body[end - 1])) end--;
    const soft = end > at && body[end - 1] === equals;
    if (soft) end--;
    while (at < end) {
      const escaped = body[at] === equals ? hexAt(body, at + 1, end) : undefined;
      put(escaped ?? body[at] ?? 0, at);
      at += escaped === undefined ? 1 : 3;
    }
    if (!soft) for (at = lineEnd; at < next; at++) put(body[at] ?? 0, at);
    openBreak = soft && lf < 0;
    at = next;
  }
  return { bytes: bytes.subarray(0, length), starts, openBreak };
}

/** The value of two hexadecimal digits, if they are there before `end`. */
function hexAt(body: Buffer, at: number, end: number): number | undefined {
  if (at + 2 > end) return undefined;
  const digits = body.toString('latin1', at, at + 2);
  return /^[\da-f]{2}$/i.test(digits) ? Number.parseInt(digits, 16) : undefined;
}

function base64(body: Buffer, given: LineEnd): Body {
  const bytes = Buffer.from(body.toString('latin1'), 'base64');
  const foldEnd = lineEndOf(body) ?? given;
  const groups = groupsOf(body);
  return {
    bytes,
    lineEnd: lineEndOf(bytes) ?? foldEnd,
    insertion(at, text) {
      if (groups === undefined) return undefined;
      const group = Math.floor(Math.min(at, bytes.length) / 3);
      const start = groups.starts[group] ?? groups.end;
      const tail = Buffer.concat([
        bytes.subarray(group * 3, at),
        Buffer.from(text, 'latin1'),
        bytes.subarray(at),
      ]);
      const column = start - (body.subarray(0, start).lastIndexOf(LF) + 1);
      const folded = fold(tail.toString('base64'), column, foldEnd);
      return { start, end: groups.end, bytes: Buffer.from(folded, 'latin1') };
    },
  };
}

interface Groups {
  /** Where each group of four characters begins. */
  readonly starts: readonly number[];
  /** Behind the last character that is no blank or line end. */
  readonly end: number;
}

/** The groups of base64 without a fault: whole ones, padding only at the end, nothing but blanks and line ends between. */
function groupsOf(body: Buffer): Groups | undefined {
  const starts: number[] = [];
  let count = 0;
  let padding = 0;
  let end = 0;
  for (const [at, byte] of body.entries()) {
    if (byte === LF || byte === CR || blanks.includes(byte)) continue;
    if (byte === equals) padding++;
    else if (padding > 0 || !isBase64(byte)) return undefined;
    if (count % 4 === 0) starts.push(at);
    count++;
    end = at + 1;
  }
  return count % 4 === 0 && padding <= 2 ? { starts, end } : undefined;
}

function isBase64(byte: number): boolean {
  return (
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2f
  );
}

/** Breaks base64 into lines, the first of which has `column` characters already. */
function fold(text: string, column: number, lineEnd: LineEnd): string {
  const first = Math.max(0, base64Line - column);
  const lines = [text.slice(0, first)];
  for (let at = first; at < text.length; at += base64Line) lines.push(text.slice(at, at + base64Line));
  return lines.join(lineEnd);
}
