/**
 * The rows in a file of SQL, as mysqldump, pg_dump, sqlite's `.dump`, dspam_2sql and `dspam_dump -d sqlite_drv` write it.
 *
 * Understood: `INSERT INTO` and `REPLACE INTO` with one row or many, with and without the names of columns; `COPY … FROM stdin`; the columns of `CREATE TABLE`. All
 * else is stepped over. Time is linear in the file, memory is that of one row.
 */
import { SqlInput } from './sql-input.ts';
import type { Value } from './sql-table.ts';
import { SqlValues } from './sql-values.ts';
import { SqlWords } from './sql-words.ts';

/** A row, and where it begins. */
export interface SqlRow {
  readonly table: string;
  /** The names of its columns, or how many there are where the file does not name them. */
  readonly columns: readonly string[] | number;
  readonly values: readonly Value[];
  /** In bytes. */
  readonly offset: number;
}

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
/** Words between INSERT and INTO. */
const insertWords: ReadonlySet<string> = new Set(['ignore', 'low_priority', 'delayed', 'or', 'replace']);
/** Characters that are kept of a setting: those that matter are shorter. */
const longestSetting = 200;

/** Reads rows from a file of SQL, one after the other. */
export class SqlFile {
  readonly #input: SqlInput;
  readonly #words: SqlWords;
  readonly #values: SqlValues;
  readonly #columns = new Map<string, readonly string[]>();

  constructor(file: string) {
    this.#input = new SqlInput(file);
    this.#words = new SqlWords(this.#input);
    this.#values = new SqlValues(this.#input, this.#words);
  }

  close(): void {
    this.#input.close();
  }

  /** What stands at an offset, for an error. */
  place(offset: number): string {
    return this.#input.place(offset);
  }

  /** The rows of tables that are wanted. @throws TamisError INPUT with the line of what cannot be read. */
  *rows(isWanted: (table: string) => boolean): Generator<SqlRow> {
    for (;;) {
      this.#words.blanks();
      const next = this.#input.peek();
      if (next === '') break;
      const start = this.#input.offset;
      // A command of psql.
      if (next === '\\') {
        this.#input.line();
        continue;
      }
      const word = this.#words.word();
      if (word === 'insert' || word === 'replace') yield* this.#insert(isWanted);
      else if (word === 'copy') yield* this.#copy(isWanted);
      else if (word === 'create') this.#create();
      else this.#skipStatement(word);
      if (this.#input.offset === start) this.#input.step();
    }
    this.#input.checkEnd();
  }

  *#insert(isWanted: (table: string) => boolean): Generator<SqlRow> {
    let word = this.#words.word();
    while (insertWords.has(word)) word = this.#words.word();
    if (word !== 'into') {
      this.#skipStatement(word);
      return;
    }
    const table = this.#words.name();
    if (!isWanted(table)) {
      this.#skipStatement('');
      return;
    }
    this.#words.blanks();
    const named = this.#input.peek() === '(' ? this.#words.names() : this.#columns.get(table);
    const values = this.#words.word();
    if (values !== 'values' && values !== 'value') throw this.#input.wrong('VALUES should stand here.');
    for (;;) {
      this.#words.blanks();
      this.#input.drop();
      const offset = this.#input.offset;
      const row = this.#values.row();
      yield { table, columns: named ?? row.length, values: row, offset };
      this.#words.blanks();
      if (this.#input.peek() !== ',') break;
      this.#input.step();
    }
    const end = this.#input.peek();
    if (end === ';') this.#input.step();
    else if (/[^\sa-z-]/i.test(end)) throw this.#input.wrong('A comma or a semicolon should stand here.');
  }

  *#copy(isWanted: (table: string) => boolean): Generator<SqlRow> {
    this.#values.hexText = true;
    const table = this.#words.name();
    this.#words.blanks();
    const named = this.#input.peek() === '(' ? this.#words.names() : this.#columns.get(table);
    const rest = this.#input.line();
    if (!/^\s*from\s+stdin\b/i.test(rest ?? '')) return;
    const wanted = isWanted(table);
    for (;;) {
      this.#input.drop();
      const offset = this.#input.offset;
      const line = this.#input.line();
      if (line === undefined) throw this.#input.cut();
      if (line === '\\.') return;
      if (!wanted) continue;
      const values = this.#values.copied(line);
      yield { table, columns: named ?? values.length, values, offset };
    }
  }

  /** Learns the columns of a table; of other things that are created, nothing. */
  #create(): void {
    if (this.#words.word() !== 'table') {
      this.#skipStatement('');
      return;
    }
    const table = this.#words.name(true);
    this.#words.blanks();
    if (this.#input.peek() === '(') this.#columns.set(table, this.#defined());
    this.#skipStatement('');
  }

  /** The names of the columns in the definition of a table. */
  #defined(): string[] {
    const columns: string[] = [];
    for (let depth = 0, fresh = false; ;) {
      this.#words.blanks();
      const next = this.#input.peek();
      if (next === '') throw this.#input.cut();
      const quoted = next === '"' || next === '`';
      if (fresh && depth === 1) {
        const name = this.#words.name();
        if (quoted || !noColumns.has(name)) columns.push(name);
        fresh = false;
      } else if (next === "'") this.#words.quoted();
      else if (quoted) this.#words.quotedName();
      else {
        this.#input.step();
        if (next === '(') fresh = ++depth === 1;
        else if (next === ',') fresh = depth === 1;
        else if (next === ')' && --depth === 0) return columns;
      }
    }
  }

  /** Steps over a statement of which `word` was read. Dialects tell themselves here. */
  #skipStatement(word: string): void {
    if (word === 'pragma') this.#words.escapes = false;
    let setting = '';
    for (;;) {
      const text = this.#input.take(/[;'"`$/#-]/g);
      if (word === 'set') setting = (setting + text).slice(0, longestSetting);
      this.#input.drop();
      const stop = this.#input.peek();
      if (stop === '') return;
      if (stop === ';') break;
      if (stop === "'") this.#words.quoted();
      else if (stop === '"') this.#words.quoted(false);
      else if (stop === '`') this.#words.quotedName();
      else if (stop === '$') this.#words.skipDollarQuoted();
      else if (!this.#words.skipComment()) this.#input.step();
    }
    this.#input.step();
    const said = setting.toLowerCase().replaceAll(' ', '');
    if (!said.startsWith('standard_conforming_strings=')) return;
    this.#words.escapes = said.endsWith('off');
    this.#values.hexText = true;
  }
}
