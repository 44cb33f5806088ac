/**
 * The backend of SQL servers: MariaDB and MySQL, PostgreSQL, SQLite, through Kysely. Hosts share it: nobody owns a user, any of
 * them learns at any time (schema.ts has the tables, sql-user-store.ts what is done with them).
 */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { TamisError } from '../../errors.ts';
import { AbstractStore } from '../abstract-store.ts';
import { decodeName, encodeName, folderOf } from '../names.ts';
import { Database } from './database.ts';
import { explain } from './errors.ts';
import { migrate, newest, userTables } from './schema.ts';
import type { SqlServer } from './server.ts';
import { SqlUserStore } from './sql-user-store.ts';

/** Notes of a trial, and bytes of each. */
const probes = 16;
const probeBytes = 16_384;
/** Users in one page of a list. */
const page = 1000;

/** A store in the tables of a SQL server. */
export class SqlStore extends AbstractStore {
  protected readonly database: Database;

  constructor(server: SqlServer) {
    super();
    this.database = new Database(server);
  }

  override get isShared(): boolean {
    return true;
  }

  protected async _open(user: string, create: boolean): Promise<SqlUserStore | undefined> {
    const id = (await this.idOf(user)) ?? (create ? await this.createId(user) : undefined);
    return id === undefined ? undefined : new SqlUserStore(user, id, this.database);
  }

  protected async *_users(): AsyncIterable<string> {
    for (let last = 0; ;) {
      const rows = await this.database.run((db) =>
        db
          .selectFrom('tamis_users')
          .select(['id', 'name'])
          .where('id', '>', last)
          .orderBy('id')
          .limit(page)
          .execute(),
      );
      for (const { id, name } of rows) {
        const user = decodeName(name);
        if (user !== undefined) yield user;
        last = id;
      }
      if (rows.length < page) return;
    }
  }

  /** The user goes last: what was not removed because the server failed is removed the next time. */
  protected async _remove(user: string): Promise<boolean> {
    const id = await this.idOf(user);
    if (id === undefined) return false;
    return await this.database.transaction(true, async (db) => {
      const removed = await db.deleteFrom('tamis_users').where('id', '=', id).executeTakeFirst();
      for (const table of userTables) await db.deleteFrom(table).where('user_id', '=', id).execute();
      return removed.numDeletedRows > 0;
    });
  }

  protected override async _init(): Promise<void> {
    const { server } = this.database;
    try {
      server.prepare?.();
    } catch (error) {
      throw explain(error, server.label);
    }
    const { error } = await this.database.run((db) => migrate(db, server.words));
    if (error !== undefined) throw explain(error, server.label);
  }

  protected override async _check(): Promise<readonly string[]> {
    const { server } = this.database;
    const found = await this.database.run((db) =>
      sql`select 1 from tamis_migrations where name = ${newest}`.execute(db),
    );
    if (found.rows.length !== 1) {
      throw new TamisError(
        'STORE_VERSION',
        `The store ${server.label} has tables of another version; run: tamis store init.`,
      );
    }
    await this.#tryToWrite();
    return await server.inspect((query) => this.database.run(async (db) => (await query.execute(db)).rows));
  }

  /** Writes what nobody needs and takes it back, so that a full disk is found out before mail does. */
  async #tryToWrite(): Promise<void> {
    const undone = new TamisError('STORE_FAILED', 'This was a trial.');
    const value = randomBytes(probeBytes);
    try {
      await this.database.transaction(false, async (db) => {
        for (let k = 0; k < probes; k++) {
          const row = { user_id: 0, space: 0, k: Buffer.of(k), value, expires: 0 };
          await db.insertInto('tamis_notes').values(row).execute();
        }
        throw undone;
      });
    } catch (error) {
      if (error !== undone) throw error;
    }
  }

  protected override async _close(): Promise<void> {
    await this.database.close();
  }

  protected async idOf(user: string): Promise<number | undefined> {
    const row = await this.database.run((db) =>
      db.selectFrom('tamis_users').select('id').where('folder', '=', folderOf(user)).executeTakeFirst(),
    );
    return row?.id;
  }

  /** Another host may create the same user at the same time; then both get the one that came first. */
  protected async createId(user: string): Promise<number | undefined> {
    const row = { folder: folderOf(user), name: encodeName(user) };
    try {
      await this.database.run((db) => db.insertInto('tamis_users').values(row).execute());
    } catch (error) {
      const id = await this.idOf(user);
      if (id === undefined) throw error;
      return id;
    }
    return await this.idOf(user);
  }
}
