/**
 * The tables of a SQL store, and how they come to be: format 2.
 *
 *     tamis_users        id; folder (names.ts), by which a user is found; name, encoded (names.ts)
 *     tamis_features     user_id, k (the key), a, b
 *     tamis_tokens       user_id, k (the key's 64 bits as a signed integer), a (spam hits), b (innocent hits), day (of the last hit, since 1970; 0: not
 *                        known, as for those of format 1, which had no days)
 *     tamis_totals       user_id, k (the counter's place in `counters`), a, b (always 0)
 *     tamis_notes        user_id, space (0 signature, 1 learned, 2 preference), k, value, expires (seconds since 1970, null: never)
 *     tamis_operations   user_id, id (16 random bytes), made (seconds since 1970): changes that are in the tables
 *
 * The primary keys begin with the user: on InnoDB and SQLite, where a table lies in the order of its primary key, a
 * message reads in the pages of its own user. Notes have an index of what a purge looks for. A row of features, tokens or totals
 * whose integers are both zero stands for no record; purges remove it.
 *
 * Migrations are Kysely's, in the tables `tamis_migrations` and `tamis_migrations_lock`; a migration that was released never changes.
 */
import { Migrator, sql, type Generated, type Kysely, type MigrationResultSet, type RawBuilder } from 'kysely';
import type { NoteSpace } from '../contract.ts';

/** A table of two integers a key. */
export interface CountTable {
  user_id: number;
  k: string;
  a: number;
  b: number;
}

/** The tables, as queries see them. */
export interface Tables {
  tamis_users: { id: Generated<number>; folder: string; name: string };
  tamis_features: CountTable;
  tamis_tokens: CountTable & { day: number };
  tamis_totals: CountTable;
  tamis_notes: { user_id: number; space: number; k: Buffer; value: Buffer; expires: number | null };
  tamis_operations: { user_id: number; id: Buffer; made: number };
}

/** The names of the tables of two integers a key. */
export type CountName = 'tamis_features' | 'tamis_tokens' | 'tamis_totals';

/** What a space of notes is in the tables. */
export const spaces: Readonly<Record<NoteSpace, number>> = { signature: 0, learned: 1, preference: 2 };

/** Tables with rows of a user, in the order in which they are emptied when the user is removed. */
export const userTables = [
  'tamis_features',
  'tamis_tokens',
  'tamis_totals',
  'tamis_notes',
  'tamis_operations',
] as const;

/** How a server names what its neighbours name otherwise. */
export interface Words {
  /** The type of an integer that the server counts up by itself, primary key included. */
  readonly serial: RawBuilder<unknown>;
  /** Types of bytes: up to 64 of them, as part of a key; and up to 16 KiB. */
  readonly keyBytes: RawBuilder<unknown>;
  readonly bytes: RawBuilder<unknown>;
  /** The type of a user's folder name, compared byte by byte, and of a name of any length. */
  readonly folder: RawBuilder<unknown>;
  readonly text: RawBuilder<unknown>;
  /** Ends the statement that creates a table; `keyed`: one that lies in the order of its primary key where the server can. */
  readonly tableEnd: (keyed: boolean) => RawBuilder<unknown>;
}

/** The newest format, which is the name of the migration to it. */
export const newest = '2';

/** Creates the tables, or brings them to the newest format. */
export async function migrate(database: Kysely<Tables>, words: Words): Promise<MigrationResultSet> {
  const migrator = new Migrator({
    db: database,
    migrationTableName: 'tamis_migrations',
    migrationLockTableName: 'tamis_migrations_lock',
    provider: {
      getMigrations: () =>
        Promise.resolve({ '1': { up: (db) => createTables(db, words) }, [newest]: { up: addDays } }),
    },
  });
  return await migrator.migrateToLatest();
}

async function createTables(database: Kysely<unknown>, words: Words): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('tamis_users')
    .addColumn('id', words.serial)
    .addColumn('folder', words.folder, (column) => column.notNull().unique())
    .addColumn('name', words.text, (column) => column.notNull())
    .modifyEnd(words.tableEnd(false))
    .execute();
  for (const name of ['tamis_features', 'tamis_tokens', 'tamis_totals'] as const) {
    await schema
      .createTable(name)
      .addColumn('user_id', 'integer', (column) => column.notNull())
      .addColumn('k', 'bigint', (column) => column.notNull())
      .addColumn('a', 'integer', (column) => column.notNull())
      .addColumn('b', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint(`${name}_key`, ['user_id', 'k'])
      .modifyEnd(words.tableEnd(true))
      .execute();
  }
  await schema
    .createTable('tamis_notes')
    .addColumn('user_id', 'integer', (column) => column.notNull())
    .addColumn('space', 'integer', (column) => column.notNull())
    .addColumn('k', words.keyBytes, (column) => column.notNull())
    .addColumn('value', words.bytes, (column) => column.notNull())
    .addColumn('expires', 'bigint')
    .addPrimaryKeyConstraint('tamis_notes_key', ['user_id', 'space', 'k'])
    .modifyEnd(words.tableEnd(false))
    .execute();
  await schema.createIndex('tamis_notes_expires').on('tamis_notes').columns(['user_id', 'expires']).execute();
  await schema
    .createTable('tamis_operations')
    .addColumn('user_id', 'integer', (column) => column.notNull())
    .addColumn('id', words.keyBytes, (column) => column.notNull())
    .addColumn('made', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('tamis_operations_key', ['user_id', 'id'])
    .modifyEnd(words.tableEnd(true))
    .execute();
}

async function addDays(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .alterTable('tamis_tokens')
    .addColumn('day', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
}

/** An empty end of a statement. */
export const nothing: RawBuilder<unknown> = sql``;
