/**
 * The top-level header block on raw bytes: our lines go in, the sender's X-DSPAM-* fields come out, and every
 * other byte stays.
 *
 * The block begins after an mbox `From ` line, if the message begins with one, and runs to the first empty
 * line (LF or CRLF). A field is a name of printable ASCII without blanks and colons, optional blanks, and a colon
 * (RFC 5322, 2.2 and 4.5); a line that begins with a blank or tab continues it (2.2.3). Where our lines go:
 *
 * - at the end of the block, before the empty line;
 * - but before the first line that is none of these, because some parsers end the block there. Fields of ours are taken out
 *   behind it as well, because others do not;
 * - at the end of a message that is all header, or before its last field if that has no line end, so that the
 *   end of the message stays as it is.
 *
 * They never go before the mbox line, nor between it and a line that begins with a blank, nor before such a line where it is the first:
 * that would become a part of our last field, and the next filter would take it out with it; and an empty line between would make
 * the sender's fields text. It belongs to no field and stays where it is. They end as the first line does, with LF if it does not end.
 *
 * Limits: what a line is shows in its first {@link lineLimit} bytes; a longer name makes no field, but if it may be one of ours
 * by then, the line is taken out as one, colon or not. Parsers that end the block at a first line that begins with a blank
 * do not see ours. A block longer than the prefix is streamed: if it then ends without an empty line and without a line end, nothing
 * is added.
 * Memory is bounded by that limit and time is linear, however long a line is and however it is split into chunks.
 */
import { applyEdits, type Edit } from './edit.ts';

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const COLON = 0x3a;
const upperX = 0x58;
const lowerX = 0x78;
const firstPrintable = 0x21;
const lastPrintable = 0x7e;

/** RFC 5322, 2.1.1: characters that a line may have. */
const lineLimit = 998;
const ours = 'x-dspam-';
const mboxMark = 'From ';
const nothing = new Uint8Array(0);

type LineKind = 'empty' | 'continuation' | 'field' | 'forged' | 'other';

/** One header block, scanned in order: {@link prefix}, then {@link push} for each chunk, then {@link end}. */
export class HeaderBlock {
  private readonly lines: string;
  private open = true;
  private placed: boolean;
  /** Whether a line has begun and its end has not been seen. */
  private inLine = false;
  /** What continuation lines belong to. */
  private field: 'none' | 'kept' | 'forged' = 'none';
  private atStart = true;
  private lineEnd: string | undefined;
  private lastByte = 0;
  /** The beginning of a line that is too short to tell what it is. */
  private undecided: Uint8Array = nothing;

  /** @param lines What goes in: lines of ASCII that end in `\n`, or an empty text, and then nothing goes in. */
  constructor(lines: string) {
    this.lines = lines;
    this.placed = lines === '';
  }

  /** Whether the lines have gone in, or there were none. */
  get complete(): boolean {
    return this.placed;
  }

  /**
   * The edits of the beginning of a message.
   *
   * @param whole Whether this is all of it.
   */
  prefix(bytes: Uint8Array, whole: boolean): Edit[] {
    return this.scan(bytes, whole);
  }

  /** What goes out for the next bytes of the message. The pieces may share memory with `chunk`. */
  push(chunk: Uint8Array): Uint8Array[] {
    if (!this.open) return [chunk];
    const bytes = this.undecided.length === 0 ? chunk : Buffer.concat([this.undecided, chunk]);
    return applyEdits(bytes, this.scan(bytes, false));
  }

  /** What goes out at the end of the message. */
  end(): Uint8Array[] {
    if (!this.open) return [];
    return applyEdits(this.undecided, this.scan(this.undecided, true));
  }

  /** Goes through the lines of the bytes; what cannot be decided yet is cut off and kept. */
  private scan(bytes: Uint8Array, last: boolean): Edit[] {
    const edits: Edit[] = [];
    let lastField: number | undefined;
    let at = 0;
    this.findLineEnd(bytes);
    while (at < bytes.length) {
      if (!this.inLine) {
        const kind = kindOf(bytes, at, last);
        if (kind === undefined) break;
        if (kind === 'field') lastField = at;
        this.begin(kind, bytes, at, edits);
        if (!this.open) return edits;
      }
      const end = bytes.indexOf(LF, at) + 1;
      const next = end === 0 ? bytes.length : end;
      if (this.field === 'forged') cut(edits, at, next);
      this.inLine = end === 0;
      at = next;
    }
    if (last) {
      this.open = false;
      if (!this.inLine || this.field === 'forged') this.place(edits, at);
      else if (lastField !== undefined) this.place(edits, lastField);
    } else {
      this.undecided = Uint8Array.from(bytes.subarray(at));
      cut(edits, at, bytes.length);
      if (at > 0) this.lastByte = bytes[at - 1] ?? 0;
    }
    return edits;
  }

  private begin(kind: LineKind, bytes: Uint8Array, at: number, edits: Edit[]): void {
    switch (kind) {
      case 'empty':
        this.place(edits, at);
        this.open = false;
        break;
      case 'continuation':
        break;
      case 'field':
        this.field = 'kept';
        break;
      case 'forged':
        this.field = 'forged';
        break;
      case 'other':
        if (!this.atStart || textAt(bytes, at, mboxMark.length) !== mboxMark) this.place(edits, at);
        this.field = 'none';
        break;
    }
    this.atStart = false;
  }

  /** Puts our lines in, once. */
  private place(edits: Edit[], at: number): void {
    if (this.placed) return;
    this.placed = true;
    const text = this.lines.replaceAll('\n', this.lineEnd ?? '\n');
    edits.push({ start: at, end: at, bytes: Buffer.from(text, 'latin1') });
  }

  /** Notes how the first line of the message ends, as soon as that is seen. */
  private findLineEnd(bytes: Uint8Array): void {
    if (this.lineEnd !== undefined) return;
    const at = bytes.indexOf(LF);
    if (at < 0) return;
    const before = at === 0 ? this.lastByte : bytes[at - 1];
    this.lineEnd = before === CR ? '\r\n' : '\n';
  }
}

/** What the line at `at` is; undefined if that needs bytes to come and these are not the `last`. */
function kindOf(bytes: Uint8Array, at: number, last: boolean): LineKind | undefined {
  const first = bytes[at];
  if (first === LF) return 'empty';
  if (first === BLANK || first === TAB) return 'continuation';
  const end = Math.min(bytes.length, at + lineLimit);
  const open = !last && end === bytes.length && end < at + lineLimit;
  if (first === CR) {
    if (bytes[at + 1] === LF) return 'empty';
    return open && at + 1 === end ? undefined : 'other';
  }
  let name = at;
  while (name < end && isNameByte(bytes[name] ?? 0)) name++;
  let colon = name;
  if (name > at) while (colon < end && (bytes[colon] === BLANK || bytes[colon] === TAB)) colon++;
  if (open && colon === end) return undefined;
  const forged = isOurs(bytes, at);
  if (colon === at + lineLimit) return forged ? 'forged' : 'other';
  if (name === at || colon === end || bytes[colon] !== COLON) return 'other';
  return forged ? 'forged' : 'field';
}

/** Whether a line begins as our fields do, in whatever case. Most differ in the first letter. */
function isOurs(bytes: Uint8Array, at: number): boolean {
  const mayBe = bytes[at] === upperX || bytes[at] === lowerX;
  return mayBe && textAt(bytes, at, ours.length).toLowerCase() === ours;
}

function isNameByte(byte: number): boolean {
  return byte >= firstPrintable && byte <= lastPrintable && byte !== COLON;
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return Buffer.from(bytes.subarray(at, at + length)).toString('latin1');
}

/** Takes bytes out; neighbouring cuts become one. */
function cut(edits: Edit[], start: number, end: number): void {
  if (start === end) return;
  const before = edits.at(-1);
  if (before?.end === start && before.bytes.length === 0) edits[edits.length - 1] = { ...before, end };
  else edits.push({ start, end, bytes: nothing });
}
