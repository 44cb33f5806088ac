/**
 * The rows in a file of SQL, as mysqldump, pg_dump, sqlite's `.dump`, dspam_2sql and `dspam_dump -d sqlite_drv` write it.
 *
 * Understood: `INSERT INTO` and `REPLACE INTO` with one row or many, with and without the names of columns; `COPY … FROM stdin`; the columns of `CREATE TABLE`. All
 * else is stepped over. Values: numbers, NULL, strings of each dialect, hexadecimal blobs, calls (kept as their text). Time is linear in the file, memory is that of one row.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { broken } from './fact.ts';
import type { Value } from './sql-table.ts';

/** A row, and where it begins. */
export interface SqlRow {
  readonly table: string;
  /** The names of its columns, or how many there are where the file does not name them. */
  readonly columns: readonly string[] | number;
  readonly values: readonly Value[];
  /** In bytes. */
  readonly offset: number;
}

const pieceLength = 1024 * 1024;
/** A programme that marks its end, by how it begins. */
const endMarks: readonly (readonly [RegExp, RegExp])[] = [
  [/^-- (?:MySQL|MariaDB) dump /m, /^-- Dump completed/m],
  [/^-- PostgreSQL database dump$/m, /^-- PostgreSQL database dump complete/m],
];
/** The words with which something in a table's definition begins that is no column. */
const noColumns: ReadonlySet<string> = new Set([
  'primary',
  'unique',
  'key',
  'index',
  'constraint',
  'check',
  'foreign',
  'fulltext',
  'exclude',
  'like',
]);
/** What stops the reading of a string, by its quote and whether a backslash escapes in it. */
const stopsIn = {
  single: { plain: /'/g, escaped: /['\\]/g },
  double: { plain: /"/g, escaped: /["\\]/g },
} as const;
const mysqlEscapes: Readonly<Record<string, string>> = {
  0: '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\x1a',
};
const copyEscapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Reads rows from a file of SQL, one after the other. */
export class SqlFile {
  readonly #file: string;
  readonly #handle: number;
  #text = '';
  #at = 0;
  /** Offset of the beginning of `text` in the file. */
  #base = 0;
  #ended = false;
  /** The last bytes that were read, in which a dump marks its end. */
  #tail = '';
  #beginning = '';
  /** Whether a backslash escapes in plain strings. MySQL has it so. */
  #escapes = true;
  /** The dialect of PostgreSQL, where a blob is `\x` and hexadecimal digits. */
  #hexText = false;
  readonly #columns = new Map<string, readonly string[]>();

  constructor(file: string) {
    this.#file = file;
    this.#handle = openSync(file, 'r');
  }

  close(): void {
    closeSync(this.#handle);
  }

  /** The rows of tables that are wanted. @throws TamisError INPUT with the line of what cannot be read. */
  *rows(isWanted: (table: string) => boolean): Generator<SqlRow> {
    this.#more();
    this.#beginning = this.#text.slice(0, 4096);
    for (;;) {
      this.#blanks();
      if (this.#peek() === '') break;
      const start = this.#offset();
      if (this.#peek() === '\\') {
        this.#line();
        continue;
      }
      const word = this.#word();
      if (word === 'insert' || word === 'replace') yield* this.#insert(isWanted);
      else if (word === 'copy') yield* this.#copy(isWanted);
      else if (word === 'create') this.#create();
      else this.#skipStatement(word);
      if (this.#offset() === start) this.#at++;
    }
    this.#checkEnd();
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

  *#insert(isWanted: (table: string) => boolean): Generator<SqlRow> {
    let word = this.#word();
    while (
      word === 'ignore' ||
      word === 'low_priority' ||
      word === 'delayed' ||
      word === 'or' ||
      word === 'replace'
    )
      word = this.#word();
    if (word !== 'into') {
      this.#skipStatement(word);
      return;
    }
    const table = this.#name();
    if (!isWanted(table)) {
      this.#skipStatement('');
      return;
    }
    this.#blanks();
    const named = this.#peek() === '(' ? this.#names() : this.#columns.get(table);
    const values = this.#word();
    if (values !== 'values' && values !== 'value') throw this.#wrong('VALUES should stand here.');
    for (;;) {
      this.#blanks();
      this.#drop();
      const offset = this.#offset();
      const row = this.#row();
      yield { table, columns: named ?? row.length, values: row, offset };
      this.#blanks();
      if (this.#peek() === ',') this.#at++;
      else break;
    }
    if (this.#peek() === ';') this.#at++;
    else if (/[^\sa-z-]/i.test(this.#peek())) throw this.#wrong('A comma or a semicolon should stand here.');
  }

  #row(): Value[] {
    if (this.#peek() === '') throw this.#cut();
    if (this.#peek() !== '(') throw this.#wrong('A row should begin here.');
    const values: Value[] = [];
    do {
      this.#at++;
      values.push(this.#value());
      this.#blanks();
    } while (this.#peek() === ',');
    if (this.#peek() === '') throw this.#cut();
    if (this.#peek() !== ')') throw this.#wrong('A value should end here.');
    this.#at++;
    return values;
  }

  #value(): Value {
    this.#blanks();
    const first = this.#peek();
    if (first === "'") return this.#blob(this.#quoted("'", this.#escapes));
    if (first === '"') return this.#quoted('"', this.#escapes);
    const bare = this.#bare();
    const next = this.#peek();
    if (next === "'" && /^x$/i.test(bare)) return fromHex(this.#quoted("'", false));
    if (next === "'" && /^e$/i.test(bare)) return this.#blob(this.#quoted("'", true));
    if (next === '(') return this.#call(bare);
    if (/^0x[\da-f]+$/i.test(bare)) return fromHex(bare.slice(2));
    if (/^null$/i.test(bare)) return null;
    if (/^_\w+$/.test(bare)) return this.#value();
    if (!/^[-+\w.]+$/.test(bare)) throw this.#wrong('A value should stand here.');
    return bare;
  }

  /** Characters up to what ends a value. */
  #bare(): string {
    let text = '';
    for (;;) {
      const found = this.#search(/[\s,()';]/g);
      text += this.#text.slice(this.#at, found < 0 ? undefined : found);
      this.#at = found < 0 ? this.#text.length : found;
      if (found >= 0) return text;
      if (!this.#more()) throw this.#cut();
    }
  }

  /** A call with its arguments, as it stands. */
  #call(name: string): string {
    let text = name;
    for (let depth = 0; ;) {
      const next = this.#peek();
      if (next === '') throw this.#cut();
      if (next === "'") {
        text += `'${this.#quoted("'", this.#escapes)}'`;
        continue;
      }
      text += next;
      this.#at++;
      if (next === '(') depth++;
      if (next === ')' && --depth === 0) return text;
    }
  }

  /** A string in quotes, which stand for themselves when doubled. */
  #quoted(quote: string, escapes: boolean): string {
    this.#at++;
    const stops = stopsIn[quote === '"' ? 'double' : 'single'][escapes ? 'escaped' : 'plain'];
    const parts: string[] = [];
    for (;;) {
      const found = this.#search(stops);
      parts.push(this.#text.slice(this.#at, found < 0 ? undefined : found));
      this.#at = found < 0 ? this.#text.length : found;
      if (found < 0) {
        if (!this.#more()) throw this.#cut();
        continue;
      }
      const stop = this.#peek();
      this.#at++;
      if (stop === '\\') {
        const escaped = this.#peek();
        if (escaped === '') throw this.#cut();
        this.#at++;
        parts.push(mysqlEscapes[escaped] ?? escaped);
      } else if (stop === quote && this.#peek() !== quote) return parts.join('');
      else {
        parts.push(stop);
        if (stop === quote) this.#at++;
      }
    }
  }

  /** What a string says: itself, or the bytes of PostgreSQL's hexadecimal text. */
  #blob(text: string): string {
    return this.#hexText && text.startsWith('\\x') ? fromHex(text.slice(2)) : text;
  }

  *#copy(isWanted: (table: string) => boolean): Generator<SqlRow> {
    this.#hexText = true;
    const table = this.#name();
    this.#blanks();
    const named = this.#peek() === '(' ? this.#names() : this.#columns.get(table);
    const rest = this.#line();
    if (!/^\s*from\s+stdin\b/i.test(rest ?? '')) return;
    const wanted = isWanted(table);
    for (;;) {
      this.#drop();
      const offset = this.#offset();
      const line = this.#line();
      if (line === undefined) throw this.#cut();
      if (line === '\\.') return;
      if (!wanted) continue;
      const values = line.split('\t').map((field) => (field === '\\N' ? null : this.#blob(uncopied(field))));
      yield { table, columns: named ?? values.length, values, offset };
    }
  }

  /** Learns the columns of a table; of other things that are created, nothing. */
  #create(): void {
    if (this.#word() !== 'table') {
      this.#skipStatement('');
      return;
    }
    const table = this.#name(true);
    this.#blanks();
    if (this.#peek() !== '(') {
      this.#skipStatement('');
      return;
    }
    const columns: string[] = [];
    for (let depth = 0, fresh = false; ;) {
      this.#blanks();
      const next = this.#peek();
      if (next === '') throw this.#cut();
      if (fresh && depth === 1) {
        const quoted = next === '"' || next === '`';
        const name = this.#name();
        if (quoted || !noColumns.has(name)) columns.push(name);
        fresh = false;
        continue;
      }
      if (next === "'") this.#quoted(next, this.#escapes);
      else if (next === '"' || next === '`') this.#quotedName(next);
      else {
        this.#at++;
        if (next === '(') fresh = ++depth === 1;
        else if (next === ',') fresh = depth === 1;
        else if (next === ')' && --depth === 0) break;
      }
    }
    this.#columns.set(table, columns);
    this.#skipStatement('');
  }

  /** Names in parentheses. */
  #names(): string[] {
    const names: string[] = [];
    do {
      this.#at++;
      names.push(this.#name());
      this.#blanks();
    } while (this.#peek() === ',');
    if (this.#peek() !== ')')
      throw this.#peek() === '' ? this.#cut() : this.#wrong('Names of columns should stand here.');
    this.#at++;
    return names;
  }

  /** A name without those of its schema before it, in lower case. @param condition Whether IF NOT EXISTS may stand before it. */
  #name(condition = false): string {
    this.#blanks();
    const next = this.#peek();
    const quoted = next === '"' || next === '`';
    const name = quoted ? this.#quotedName(next) : this.#word();
    if (condition && !quoted && (name === 'if' || name === 'not' || name === 'exists'))
      return this.#name(true);
    if (name === '') throw next === '' ? this.#cut() : this.#wrong('A name should stand here.');
    if (this.#peek() !== '.') return name.toLowerCase();
    this.#at++;
    return this.#name();
  }

  #quotedName(quote: string): string {
    this.#at++;
    let name = '';
    for (let next = this.#peek(); next !== quote; next = this.#peek()) {
      if (next === '') throw this.#cut();
      name += next;
      this.#at++;
    }
    this.#at++;
    return name;
  }

  /** Letters, digits and underscores, in lower case; empty if none stands here. */
  #word(): string {
    this.#blanks();
    let word = '';
    for (let next = this.#peek(); /^[\w$]$/.test(next); next = this.#peek()) {
      word += next;
      this.#at++;
    }
    return word.toLowerCase();
  }

  /** Steps over a statement of which `word` was read. Dialects tell themselves here. */
  #skipStatement(word: string): void {
    if (word === 'pragma') this.#escapes = false;
    let setting = word === 'set' ? '' : undefined;
    for (;;) {
      const found = this.#search(/[;'"`$/#-]/g);
      if (setting !== undefined)
        setting = (setting + this.#text.slice(this.#at, found < 0 ? undefined : found)).slice(0, 200);
      this.#at = found < 0 ? this.#text.length : found;
      this.#drop();
      const stop = this.#peek();
      if (stop === '') {
        if (!this.#more()) return;
      } else if (stop === ';') {
        this.#at++;
        break;
      } else if (stop === "'" || stop === '"') this.#quoted(stop, stop === "'" && this.#escapes);
      else if (stop === '`') this.#quotedName(stop);
      else if (stop === '$') this.#dollarQuoted();
      else if (!this.#comment()) this.#at++;
    }
    const said = setting?.toLowerCase().replaceAll(' ', '') ?? '';
    if (!said.startsWith('standard_conforming_strings=')) return;
    this.#escapes = said.endsWith('off');
    this.#hexText = true;
  }

  /** PostgreSQL's `$tag$ … $tag$`. */
  #dollarQuoted(): void {
    this.#at++;
    const word = this.#word();
    if (this.#peek() !== '$') return;
    this.#at++;
    this.#skipPast(`$${word}$`);
  }

  /** Steps over blanks and comments. */
  #blanks(): void {
    for (;;) {
      const next = this.#peek();
      if (next === '' || next > ' ') {
        if (!((next === '-' || next === '/' || next === '#') && this.#comment())) return;
      } else this.#at++;
    }
  }

  /** Steps over a comment; false if none stands here. */
  #comment(): boolean {
    if (this.#text.length - this.#at < 2) this.#more();
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (two === '--' || two.startsWith('#')) this.#line();
    else if (two === '/*') this.#skipPast('*/');
    else return false;
    return true;
  }

  #skipPast(end: string): void {
    for (;;) {
      const found = this.#text.indexOf(end, this.#at);
      if (found >= 0) {
        this.#at = found + end.length;
        return;
      }
      this.#at = Math.max(this.#at, this.#text.length - end.length);
      this.#drop();
      if (!this.#more()) throw this.#cut();
    }
  }

  /** The rest of the line, without its end, behind which reading goes on; undefined at the end of the file. */
  #line(): string | undefined {
    const parts: string[] = [];
    for (;;) {
      const found = this.#text.indexOf('\n', this.#at);
      parts.push(this.#text.slice(this.#at, found < 0 ? undefined : found));
      this.#at = found < 0 ? this.#text.length : found + 1;
      if (found >= 0) return parts.join('').replace(/\r$/, '');
      this.#drop();
      if (!this.#more()) return parts.join('') === '' ? undefined : parts.join('');
    }
  }

  #search(stops: RegExp): number {
    stops.lastIndex = this.#at;
    return stops.exec(this.#text)?.index ?? -1;
  }

  /** The character that comes next; empty at the end. */
  #peek(): string {
    if (this.#at >= this.#text.length) this.#more();
    return this.#text[this.#at] ?? '';
  }

  #offset(): number {
    return this.#base + this.#at;
  }

  /** Forgets what was read, when it is much. */
  #drop(): void {
    if (this.#at < pieceLength) return;
    this.#text = this.#text.slice(this.#at);
    this.#base += this.#at;
    this.#at = 0;
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
    this.#tail = (this.#tail + piece).slice(-4096);
    this.#text += piece;
    return true;
  }

  #checkEnd(): void {
    const mark = endMarks.find(([begins]) => begins.test(this.#beginning));
    if (mark !== undefined && !mark[1].test(this.#tail)) throw this.#cut();
  }

  #cut(): Error {
    return this.#wrong('The file ends in the middle: the dump was cut.');
  }

  #wrong(sentence: string): Error {
    return broken(this.#file, this.place(this.#offset()), sentence);
  }
}

function fromHex(digits: string): string {
  return Buffer.from(digits, 'hex').toString('latin1');
}

/** A field of COPY without its escapes. */
function uncopied(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(
    /\\(?:([0-7]{1,3})|x([\da-f]{1,2})|(.))/gi,
    (_, octal?: string, hex?: string, other = '') => {
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8) & 255);
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      return copyEscapes[other as string] ?? (other as string);
    },
  );
}
