/**
 * SQLite by better-sqlite3: one file for all users of a machine. Several processes may have it open, one at a time writes.
 *
 * better-sqlite3 works in the caller's thread, so it never waits long for a lock there (database.ts tries again instead):
 * while it waits, no deadline fires.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import SQLite from 'better-sqlite3';
import { sql, SqliteDialect } from 'kysely';
import { nothing } from './schema.ts';
import { least, most, type SqlServer } from './server.ts';

/** Milliseconds that a statement waits for a lock. */
const lockPatience = 50;

/**
 * @param file The path of the database; `tamis store init` creates it.
 * @param foreign Whether it is another program's, and stays in the form that it has.
 */
export function sqlite(file: string, foreign = false): SqlServer {
  return {
    label: `sqlite:${file}`,
    words: {
      serial: sql`integer primary key`,
      keyBytes: sql`blob`,
      bytes: sql`blob`,
      folder: sql`text`,
      text: sql`text`,
      tableEnd: (keyed) => (keyed ? sql`without rowid` : nothing),
    },
    connect: () => new SqliteDialect({ database: () => Promise.resolve(openFile(file, foreign)) }),
    prepare: () => {
      createFile(file);
    },
    begin: (durable) => [`pragma synchronous = ${durable ? 'full' : 'normal'}`, 'begin immediate'],
    lock: nothing,
    isOneOf: (keys) => sql`k in (select value from json_each(${`[${keys.join()}]`}))`,
    add: (table, user, { keys, a, b, days }) => {
      const dated = days !== undefined;
      const rows = keys.map((key, at) => `[${key},${a[at] ?? 0},${b[at] ?? 0},${days?.[at] ?? 0}]`);
      const sum = (column: 'a' | 'b') =>
        sql`${sql.ref(column)} = max(${sql.lit(least)}, min(${sql.lit(most)}, ${sql.ref(`${table}.${column}`)} + ${sql.ref(`excluded.${column}`)}))`;
      return sql`insert into ${sql.table(table)} (user_id, k, a, b${dated ? sql`, day` : nothing})
        select ${user}, value ->> 0, value ->> 1, value ->> 2${dated ? sql`, value ->> 3` : nothing} from json_each(${`[${rows.join()}]`}) where true
        on conflict (user_id, k) do update set ${sum('a')}, ${sum('b')}${dated ? sql`, day = max(${sql.ref(`${table}.day`)}, excluded.day)` : nothing}`;
    },
    asText: (column) => sql<string>`cast(${sql.ref(column)} as text)`,
    insertNew: { begin: sql`insert or ignore`, end: nothing },
    columnType: (table, column) =>
      sql`select lower(type) as type from pragma_table_info(${table}) where name = ${column}`,
    rowBytes: 20,
    inspect: async (run) => {
      const [row] = await run(sql<{ quick_check: string }>`pragma quick_check(1)`);
      return row === undefined || row.quick_check === 'ok' ? [] : [`SQLite: ${row.quick_check}`];
    },
  };
}

function openFile(file: string, foreign: boolean): SQLite.Database {
  const database = new SQLite(file, { timeout: lockPatience, fileMustExist: true });
  if (!foreign) database.pragma('journal_mode = wal');
  return database;
}

function createFile(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  new SQLite(file).close();
}
