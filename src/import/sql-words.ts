/** The words of SQL: names and strings in the quotes of each dialect, comments, blanks. */
import type { SqlInput } from './sql-input.ts';

/** What stops the reading of a string, by its quote and whether a backslash escapes in it. */
const stopsIn = {
  single: { plain: /'/g, escaped: /['\\]/g },
  double: { plain: /"/g, escaped: /["\\]/g },
} as const;
const escaped: Readonly<Record<string, string>> = {
  0: '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\x1a',
};

/** Reads words. */
export class SqlWords {
  readonly #input: SqlInput;
  /** Whether a backslash escapes in plain strings. MySQL has it so. */
  escapes = true;

  constructor(input: SqlInput) {
    this.#input = input;
  }

  /** Letters, digits and underscores, in lower case; empty if none stands here. */
  word(): string {
    this.blanks();
    let word = '';
    for (let next = this.#input.peek(); /^[\w$]$/.test(next); next = this.#input.peek()) {
      word += next;
      this.#input.step();
    }
    return word.toLowerCase();
  }

  /** A name without those of its schema before it, in lower case. @param condition Whether IF NOT EXISTS may stand before it. */
  name(condition = false): string {
    this.blanks();
    const next = this.#input.peek();
    const quoted = next === '"' || next === '`';
    const name = quoted ? this.quotedName() : this.word();
    if (condition && !quoted && (name === 'if' || name === 'not' || name === 'exists'))
      return this.name(true);
    if (name === '') throw next === '' ? this.#input.cut() : this.#input.wrong('A name should stand here.');
    if (this.#input.peek() !== '.') return name.toLowerCase();
    this.#input.step();
    return this.name();
  }

  /** Names in parentheses. */
  names(): string[] {
    const names: string[] = [];
    do {
      this.#input.step();
      names.push(this.name());
      this.blanks();
    } while (this.#input.peek() === ',');
    if (this.#input.peek() === '') throw this.#input.cut();
    if (this.#input.peek() !== ')') throw this.#input.wrong('Names of columns should stand here.');
    this.#input.step();
    return names;
  }

  /** A name in the quotes that stand here. */
  quotedName(): string {
    const quote = this.#input.peek();
    this.#input.step();
    let name = '';
    for (let next = this.#input.peek(); next !== quote; next = this.#input.peek()) {
      if (next === '') throw this.#input.cut();
      name += next;
      this.#input.step();
    }
    this.#input.step();
    return name;
  }

  /** A string in the quotes that stand here, which stand for themselves when doubled. */
  quoted(escapes: boolean = this.escapes): string {
    const quote = this.#input.peek();
    this.#input.step();
    const stops = stopsIn[quote === '"' ? 'double' : 'single'][escapes ? 'escaped' : 'plain'];
    const parts: string[] = [];
    for (;;) {
      parts.push(this.#input.take(stops));
      const stop = this.#input.peek();
      if (stop === '') throw this.#input.cut();
      this.#input.step();
      const next = this.#input.peek();
      if (stop === '\\') {
        if (next === '') throw this.#input.cut();
        this.#input.step();
        parts.push(escaped[next] ?? next);
      } else if (next !== quote) return parts.join('');
      else {
        parts.push(quote);
        this.#input.step();
      }
    }
  }

  /** Steps over PostgreSQL's `$tag$ … $tag$`; over the `$` alone if that is no such quote. */
  skipDollarQuoted(): void {
    this.#input.step();
    const word = this.word();
    if (this.#input.peek() !== '$') return;
    this.#input.step();
    this.#input.skipPast(`$${word}$`);
  }

  /** Steps over blanks and comments. */
  blanks(): void {
    for (;;) {
      const next = this.#input.peek();
      if (next === '' || next > ' ') {
        if (!((next === '-' || next === '/' || next === '#') && this.skipComment())) return;
      } else this.#input.step();
    }
  }

  /** Steps over a comment; false if none stands here. */
  skipComment(): boolean {
    const two = this.#input.peekTwo();
    if (two === '--' || two.startsWith('#')) this.#input.line();
    else if (two === '/*') this.#input.skipPast('*/');
    else return false;
    return true;
  }
}
