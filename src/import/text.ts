/** Lines of a text file, with their numbers; the encoding is checked first, because what is read here is ASCII with bytes of any kind between. */
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { broken } from './fact.ts';

/** Files of other kinds, by how they begin, and what is to be done with them. */
const otherKinds: readonly (readonly [string, string])[] = [
  ['\xff\xfe', 'It is in UTF-16; write it again in the charset of the database.'],
  ['\xfe\xff', 'It is in UTF-16; write it again in the charset of the database.'],
  ['\x1f\x8b', 'It is compressed by gzip; unpack it first.'],
  ['BZh', 'It is compressed by bzip2; unpack it first.'],
  ['\xfd7zXZ', 'It is compressed by xz; unpack it first.'],
  ['\x28\xb5\x2f\xfd', 'It is compressed by zstd; unpack it first.'],
  ['PGDMP', 'It is an archive of pg_dump; print it as SQL: pg_restore -f dump.sql FILE.'],
];

/** The first bytes of a file, one character each. */
export function beginningOf(file: string, length = 4096): string {
  const handle = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.toString('latin1', 0, readSync(handle, bytes, 0, length, 0));
  } finally {
    closeSync(handle);
  }
}

/** Whether a file's last line has its end; so has an empty file. */
export function endsLine(file: string): boolean {
  const { size } = statSync(file);
  const handle = openSync(file, 'r');
  try {
    const last = Buffer.alloc(1);
    return size === 0 || (readSync(handle, last, 0, 1, size - 1) === 1 && last[0] === 10);
  } finally {
    closeSync(handle);
  }
}

/** @throws TamisError INPUT for a file that is no text in an encoding like ASCII. */
export function checkText(file: string): void {
  const beginning = beginningOf(file);
  const other = otherKinds.find(([mark]) => beginning.startsWith(mark));
  if (other !== undefined) throw broken(file, 'byte 0', other[1]);
  const nul = beginning.indexOf('\0');
  if (nul < 0) return;
  const sentence =
    'This is no text: it has a NUL byte. If it is in UTF-16, write it again in the charset of the database.';
  throw broken(file, `byte ${nul}`, sentence);
}

/** The lines of a text file, one character a byte, numbered from 1. */
export async function* linesOf(file: string): AsyncGenerator<readonly [line: string, number: number]> {
  checkText(file);
  const input = createReadStream(file, { encoding: 'latin1' });
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) yield [line, ++number];
  } finally {
    input.destroy();
  }
}
