/** The values of SQL: numbers, NULL, strings of each dialect, hexadecimal blobs, calls (kept as their text); and the fields of PostgreSQL's COPY. */
import type { SqlInput } from './sql-input.ts';
import type { Value } from './sql-table.ts';
import type { SqlWords } from './sql-words.ts';

const copyEscapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Reads values. */
export class SqlValues {
  readonly #input: SqlInput;
  readonly #words: SqlWords;
  /** The dialect of PostgreSQL, where a blob is `\x` and hexadecimal digits. */
  hexText = false;

  constructor(input: SqlInput, words: SqlWords) {
    this.#input = input;
    this.#words = words;
  }

  /** Values in parentheses. */
  row(): Value[] {
    if (this.#input.peek() === '') throw this.#input.cut();
    if (this.#input.peek() !== '(') throw this.#input.wrong('A row should begin here.');
    const values: Value[] = [];
    do {
      this.#input.step();
      values.push(this.#value());
      this.#words.blanks();
    } while (this.#input.peek() === ',');
    if (this.#input.peek() === '') throw this.#input.cut();
    if (this.#input.peek() !== ')') throw this.#input.wrong('A value should end here.');
    this.#input.step();
    return values;
  }

  /** The values of a line of COPY. */
  copied(line: string): Value[] {
    return line.split('\t').map((field) => (field === '\\N' ? null : this.#blob(uncopied(field))));
  }

  #value(): Value {
    this.#words.blanks();
    const first = this.#input.peek();
    if (first === "'") return this.#blob(this.#words.quoted());
    if (first === '"') return this.#words.quoted();
    const bare = this.#input.take(/[\s,()';]/g);
    const next = this.#input.peek();
    if (next === '') throw this.#input.cut();
    if (next === "'" && /^x$/i.test(bare)) return fromHex(this.#words.quoted(false));
    if (next === "'" && /^e$/i.test(bare)) return this.#blob(this.#words.quoted(true));
    if (next === '(') return this.#call(bare);
    if (/^0x[\da-f]+$/i.test(bare)) return fromHex(bare.slice(2));
    if (/^null$/i.test(bare)) return null;
    if (/^_\w+$/.test(bare)) return this.#value();
    if (!/^[-+\w.]+$/.test(bare)) throw this.#input.wrong('A value should stand here.');
    return bare;
  }

  /** A call with its arguments, as it stands. */
  #call(name: string): string {
    let text = name;
    for (let depth = 0; ;) {
      const next = this.#input.peek();
      if (next === '') throw this.#input.cut();
      if (next === "'") {
        text += `'${this.#words.quoted()}'`;
        continue;
      }
      text += next;
      this.#input.step();
      if (next === '(') depth++;
      if (next === ')' && --depth === 0) return text;
    }
  }

  /** What a string says: itself, or the bytes of PostgreSQL's hexadecimal text. */
  #blob(text: string): string {
    return this.hexText && text.startsWith('\\x') ? fromHex(text.slice(2)) : text;
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
