/**
 * Messages of an mbox file (RFC 4155), found by their `From ` lines.
 *
 * A line separates two messages if it begins with `From `, stands at the start of the file or after an empty
 * line, and looks like a program wrote it: a time of day in it, or nothing but an address, or nothing at all
 * (newer Thunderbird). Without that, a paragraph that begins with "From " would cut a message in two wherever
 * a mail program has not quoted it.
 *
 * A message is the bytes from its `From ` line to the next. That line, the empty line at the end and any
 * `>From ` in the text stay as they are: the first two are no part of what a message says, and whether a `>`
 * was put there by mboxrd, by mboxo or by the writer cannot be known, so that taking it away would change
 * messages of which it is a part.
 *
 * The file is read as a stream, so that neither its size nor that of a message matters. It must not change
 * meanwhile.
 */
import type { FileHandle } from 'node:fs/promises';

/** Where a message lies in the file, in bytes: from its `From ` line up to the next, or to the end. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Bytes of a line that are looked at; no program writes a longer `From ` line. */
const lineHead = 1024;

const chunkSize = 256 * 1024;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const mark = Buffer.from('From ');

/** Whether a line, with or without its end, separates two messages. The line before it is not its business. */
export function isSeparator(line: Buffer): boolean {
  if (!line.subarray(0, mark.length).equals(mark)) return false;
  const rest = line.toString('latin1', mark.length, lineHead).trim();
  return rest === '' || /\d:\d\d/.test(rest) || (rest.includes('@') && !/\s/.test(rest));
}

/** The messages of an mbox file in their order. What stands before the first separator belongs to none. */
export async function* spans(file: FileHandle): AsyncGenerator<Span> {
  let start: number | undefined;
  let end = 0;
  for await (const line of lines(file)) {
    if (line.afterEmpty && isSeparator(line.head)) {
      if (start !== undefined) yield { start, end: line.start };
      start = line.start;
    }
    end = line.end;
  }
  if (start !== undefined) yield { start, end };
}

interface Line {
  /** The first bytes of the line, with its end if it is that short. */
  readonly head: Buffer;
  readonly start: number;
  readonly end: number;
  /** Whether it is the first line, or the line before it was empty. */
  readonly afterEmpty: boolean;
}

/** The lines that may matter: those that begin with an F, and the last. Handing out all of them would take ten times as long. */
async function* lines(file: FileHandle): AsyncGenerator<Line> {
  let head: Buffer = Buffer.alloc(0);
  let start = 0;
  let end = 0;
  let afterEmpty = true;
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false, highWaterMark: chunkSize })) {
    const bytes = chunk as Buffer;
    for (let at = 0; at < bytes.length;) {
      const feed = bytes.indexOf(lineFeed, at);
      const next = feed < 0 ? bytes.length : feed + 1;
      const piece = bytes.subarray(at, Math.min(next, at + lineHead - head.length));
      head = head.length === 0 ? piece : Buffer.concat([head, piece]);
      end += next - at;
      at = next;
      if (feed < 0) break;
      if (head[0] === mark[0]) yield { head, start, end, afterEmpty };
      afterEmpty = isEmpty(head);
      head = bytes.subarray(0, 0);
      start = end;
    }
  }
  yield { head, start, end, afterEmpty };
}

function isEmpty(line: Uint8Array): boolean {
  return line[0] === lineFeed || (line[0] === carriageReturn && line[1] === lineFeed);
}
