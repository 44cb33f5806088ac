/**
 * A file of SQL as characters, one a byte: read in pieces of a megabyte, of which only what is not yet done is kept.
 *
 * Time is linear in the file.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { broken } from './fact.ts';

const pieceLength = 1024 * 1024;
/** Characters at each end of the file in which programs say who they are, and that they have ended. */
const edgeLength = 4096;
/** A programme that marks its end, by how it begins. */
const endMarks: readonly (readonly [RegExp, RegExp])[] = [
  [/^-- (?:MySQL|MariaDB) dump /m, /^-- Dump completed/m],
  [/^-- PostgreSQL database dump$/m, /^-- PostgreSQL database dump complete/m],
];

/** Reads a file from its beginning to its end. */
export class SqlInput {
  readonly #file: string;
  readonly #handle: number;
  #text = '';
  #at = 0;
  /** Offset of the beginning of `text` in the file. */
  #base = 0;
  #ended = false;
  #beginning = '';
  /** The last characters that were read. */
  #tail = '';

  constructor(file: string) {
    this.#file = file;
    this.#handle = openSync(file, 'r');
  }

  close(): void {
    closeSync(this.#handle);
  }

  /** Where reading is, in bytes. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** The character that comes next; empty at the end. */
  peek(): string {
    if (this.#at >= this.#text.length) this.#more();
    return this.#text[this.#at] ?? '';
  }

  /** The two characters that come next; fewer at the end. */
  peekTwo(): string {
    if (this.#text.length - this.#at < 2) this.#more();
    return this.#text.slice(this.#at, this.#at + 2);
  }

  /** Steps over the character that comes next. */
  step(): void {
    this.#at++;
  }

  /** Characters up to one that stops, or to the end. @param stops With the flag `g`. */
  take(stops: RegExp): string {
    let taken = '';
    for (;;) {
      stops.lastIndex = this.#at;
      const found = stops.exec(this.#text)?.index ?? -1;
      taken += this.#text.slice(this.#at, found < 0 ? undefined : found);
      this.#at = found < 0 ? this.#text.length : found;
      if (found >= 0) return taken;
      this.drop();
      if (!this.#more()) return taken;
    }
  }

  /** The rest of the line, without its end, behind which reading goes on; undefined at the end of the file. */
  line(): string | undefined {
    const line = this.take(/\n/g);
    if (this.peek() === '') return line === '' ? undefined : line;
    this.#at++;
    return line.replace(/\r$/, '');
  }

  /** Steps over all up to an end, and over the end. */
  skipPast(end: string): void {
    for (;;) {
      const found = this.#text.indexOf(end, this.#at);
      if (found >= 0) {
        this.#at = found + end.length;
        return;
      }
      this.#at = Math.max(this.#at, this.#text.length - end.length);
      this.drop();
      if (!this.#more()) throw this.cut();
    }
  }

  /** Forgets what was read, when it is much. */
  drop(): void {
    if (this.#at < pieceLength) return;
    this.#text = this.#text.slice(this.#at);
    this.#base += this.#at;
    this.#at = 0;
  }

  /** At the end of the file: @throws TamisError INPUT if the program that wrote it had not ended. */
  checkEnd(): void {
    const mark = endMarks.find(([begins]) => begins.test(this.#beginning));
    if (mark !== undefined && !mark[1].test(this.#tail)) throw this.cut();
  }

  /** What stands at an offset, for an error: its line, counted only then. */
  place(offset: number): string {
    const handle = openSync(this.#file, 'r');
    try {
      const bytes = Buffer.alloc(pieceLength);
      let line = 1;
      for (let at = 0; at < offset;) {
        const read = readSync(handle, bytes, 0, Math.min(bytes.length, offset - at), at);
        if (read === 0) break;
        for (let from = bytes.indexOf(10); from >= 0 && from < read; from = bytes.indexOf(10, from + 1))
          line++;
        at += read;
      }
      return `line ${line} (byte ${offset})`;
    } finally {
      closeSync(handle);
    }
  }

  /** The error of a file that ends too early. */
  cut(): Error {
    return this.wrong('The file ends in the middle: the dump was cut.');
  }

  /** The error of what stands where reading is. */
  wrong(sentence: string): Error {
    return broken(this.#file, this.place(this.offset), sentence);
  }

  /** Reads on; false at the end of the file. */
  #more(): boolean {
    if (this.#ended) return false;
    const bytes = Buffer.alloc(pieceLength);
    const read = readSync(this.#handle, bytes);
    if (read === 0) {
      this.#ended = true;
      return false;
    }
    const piece = bytes.toString('latin1', 0, read);
    if (this.#beginning === '') this.#beginning = piece.slice(0, edgeLength);
    this.#tail = (this.#tail + piece).slice(-edgeLength);
    this.#text += piece;
    return true;
  }
}
