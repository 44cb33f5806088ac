/**
 * Lines of facts, written as the bytes that a window holds: strings of them would be half of the garbage that reading a message makes.
 *
 * Each fact is there once, in one line of UTF-8, of bounded length, its runs of white space made one blank. Most are ASCII.
 */
import { oneBlankEach } from '../message/blanks.ts';
import { mix } from './keys.ts';

/** The most bytes of facts that a message has. */
export const mostBytes = 5500;
/** The most facts that it has. */
const mostFacts = 260;
/** Bytes and facts of these that are kept for what comes behind the empty line: who writes many fields does not push out what is in the text. */
const kept = { bytes: 1500, facts: 80 } as const;
/** The longest fact, in characters. */
const longest = 100;

const lineFeed = 0x0a;
const blank = 0x20;

/** Room for the lines of one message, the last of them longer than it may be; kept, because to make it anew costs more. */
const bytes = Buffer.alloc(mostBytes + 3 * longest + 2);
/** Where the ASCII lines begin that are there, by hash, and 1 more; 0 where there is none. */
const slots = new Uint16Array(1024);

/** The facts of one message while they are written; good until there is another. */
export class FactLines {
  private length = 0;
  private count = 0;
  private reserve: { readonly bytes: number; readonly facts: number } = kept;
  /** The lines beyond ASCII. */
  private readonly foreign = new Set<string>();

  constructor() {
    slots.fill(0);
  }

  /** Writes a fact, given in pieces. */
  tell(...pieces: readonly (string | number | boolean)[]): void {
    if (this.count >= mostFacts - this.reserve.facts || this.length > mostBytes - this.reserve.bytes) return;
    const end = this.newAscii(pieces) ?? this.newAny(pieces.join(''));
    if (end === this.length) return;
    bytes[end] = lineFeed;
    this.length = end + 1;
    this.count++;
  }

  /** Writes an empty line. */
  leaveLine(): void {
    this.reserve = { bytes: 0, facts: 0 };
    bytes[this.length++] = lineFeed;
  }

  /** The lines, without the end of the last one. */
  written(): Uint8Array {
    return Buffer.from(bytes.subarray(0, Math.min(this.length - 1, mostBytes)));
  }

  /** Writes a line; to where, which is nowhere if it is there already. Undefined if it is not ASCII. */
  private newAscii(pieces: readonly (string | number | boolean)[]): number | undefined {
    const start = this.length;
    const most = start + longest;
    let end = start;
    let hash = 0;
    for (const piece of pieces) {
      const text = String(piece);
      for (let at = 0; at < text.length && end < most; at++) {
        let code = text.charCodeAt(at);
        if (code > 0x7f) return undefined;
        if (code <= blank && (code === blank || (code >= 0x09 && code <= 0x0d))) {
          if (end > start && bytes[end - 1] === blank) continue;
          code = blank;
        }
        bytes[end++] = code;
        hash = Math.imul(hash ^ code, 0x01000193);
      }
    }
    bytes[end] = lineFeed;
    let slot = mix(hash) & (slots.length - 1);
    for (let known; (known = slots[slot] ?? 0) > 0; slot = (slot + 1) & (slots.length - 1)) {
      if (isSameLine(known - 1, start)) return start;
    }
    slots[slot] = start + 1;
    return end;
  }

  /** The same of any line; what is not ASCII in it may be white space only. */
  private newAny(fact: string): number {
    const line = oneBlankEach(fact).slice(0, longest);
    return this.newAscii([line]) ?? this.newForeign(line);
  }

  private newForeign(line: string): number {
    if (this.foreign.has(line)) return this.length;
    this.foreign.add(line);
    return this.length + bytes.write(line, this.length);
  }
}

function isSameLine(one: number, other: number): boolean {
  let at = 0;
  while (bytes[one + at] === bytes[other + at] && bytes[one + at] !== lineFeed) at++;
  return bytes[one + at] === bytes[other + at];
}
