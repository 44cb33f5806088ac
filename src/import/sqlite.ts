/**
 * A file of DSPAM's SQLite 3 driver, USER.sdb: tokens, totals and signatures of one user.
 *
 * Read by SQLite itself, compiled to WebAssembly (node-sqlite3-wasm), which locks the file by a directory beside it while it reads.
 */
import { statSync } from 'node:fs';
import { describe, TamisError } from '../errors.ts';
import { broken, chunkLength, type Fact, type Facts, type Owner } from './fact.ts';
import { rowReader, tableNames, type Value } from './sql-table.ts';
import { beginningOf } from './text.ts';

const magic = 'SQLite format 3\0';
const oldMagic = '** This file contains an SQLite 2';

/** Whether a file that begins so is one of SQLite. */
export function isSqlite(beginning: string): boolean {
  return beginning.startsWith(magic) || beginning.startsWith(oldMagic);
}

/** Reads the facts of a file of SQLite. @throws TamisError INPUT, CONFIG where node-sqlite3-wasm is not installed. */
export async function* sqliteFacts(file: string, owner: Owner): Facts {
  checkLength(file);
  const { Database } = await import('node-sqlite3-wasm').catch((cause: unknown) => {
    throw new TamisError(
      'CONFIG',
      'Reading SQLite needs a package that is not installed: npm install node-sqlite3-wasm.',
      { cause },
    );
  });
  let database: InstanceType<typeof Database> | undefined;
  try {
    database = new Database(file, { readOnly: true, fileMustExist: true });
    const found = database.get('pragma quick_check(1)')?.['quick_check'];
    if (found !== 'ok')
      throw broken(file, undefined, `SQLite finds the file damaged: ${JSON.stringify(found)}.`);
    let tables = 0;
    for (const table of tableNames) {
      const columns = database
        .all(`pragma table_info(${table})`)
        .map(({ name }) => (typeof name === 'string' ? name : ''));
      if (columns.length === 0) continue;
      tables++;
      const read = rowReader(file, table, columns, owner, undefined);
      const wanted = columns.map((name) => (name === 'data' ? name : `cast(${name} as text) as ${name}`));
      const statement = database.prepare(`select ${wanted.join(', ')} from ${table}`);
      let facts: Fact[] = [];
      let row = 0;
      for (const values of statement.iterate()) {
        row++;
        const fact = read(
          columns.map((name) => valueOf(values[name])),
          () => `row ${row} of ${table}`,
        );
        if (fact !== undefined) facts.push(fact);
        if (facts.length < chunkLength) continue;
        yield facts;
        facts = [];
      }
      yield facts;
    }
    if (tables === 0) throw broken(file, undefined, 'This file of SQLite has no table of DSPAM.');
  } catch (error) {
    if (error instanceof TamisError) throw error;
    throw broken(file, undefined, `SQLite cannot read it: ${describe(error)}.`);
  } finally {
    database?.close();
  }
}

/** A page that is missing at the end is found here, where it can be said which. */
function checkLength(file: string): void {
  const header = Buffer.from(beginningOf(file, 100), 'latin1');
  if (header.toString('latin1').startsWith(oldMagic)) {
    throw broken(file, 'byte 0', 'It is of SQLite 2; print it as SQL: sqlite FILE .dump > dump.sql.');
  }
  const { size } = statSync(file);
  const wanted =
    size < 100
      ? 100
      : (header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)) * header.readUInt32BE(28);
  if (size < wanted)
    throw broken(file, `byte ${size}`, `The file ends here, but should have ${wanted} bytes: it was cut.`);
}

function valueOf(value: unknown): Value {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  return typeof value === 'string' ? Buffer.from(value).toString('latin1') : null;
}
