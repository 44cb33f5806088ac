/**
 * DSPAM's SQLite files in place, one for each user, with the tables of tamis in each beside DSPAM's:
 *
 *     DIRECTORY/USER/USER.sdb             or DIRECTORY/data/…, the home of DSPAM
 *     DIRECTORY/DOMAIN/USER/USER.sdb      domain-scale: USER@DOMAIN, or USER where DOMAIN is `local`
 *     DIRECTORY/U/S/USER/USER.sdb         large-scale
 *
 * DSPAM makes the files: who has none is unknown. They stay in the journal mode that they have.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { TamisError } from '../../errors.ts';
import { AbstractStore } from '../abstract-store.ts';
import { encodeName, folderOf } from '../names.ts';
import { Database } from './database.ts';
import { DspamTables, formOf } from './dspam-tables.ts';
import { DspamUserStore } from './dspam-user-store.ts';
import { explain } from './errors.ts';
import { migrate, newest } from './schema.ts';
import { sqlite } from './sqlite.ts';

/** The files of all users. */
export class DspamFiles extends AbstractStore {
  readonly #directory: string;

  /** @param directory DSPAM's home, or its data. */
  constructor(directory: string) {
    super();
    const data = path.join(directory, 'data');
    this.#directory = existsSync(data) ? data : directory;
  }

  override get isShared(): boolean {
    return true;
  }

  protected async _open(user: string, create: boolean): Promise<DspamUserStore | undefined> {
    const file = this.#places(user).find((one) => existsSync(one));
    if (file === undefined) {
      if (!create) return undefined;
      throw new TamisError(
        'USER',
        `DSPAM has no file for ${JSON.stringify(user)} in ${this.#directory}; it makes one with the user's first message.`,
      );
    }
    const database = new Database(sqlite(file, true));
    try {
      const id = await this.#prepared(database, user);
      const { rows } = await database.run((db) =>
        database.server.columnType('dspam_token_data', 'token').execute(db),
      );
      const tables = new DspamTables(
        database.server,
        formOf(rows[0]?.type, database.server.label),
        undefined,
      );
      return new DspamUserStore(user, id, database, tables, () => database.close());
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  protected async *_users(): AsyncIterable<string> {
    yield* await Promise.resolve(this.#usersBelow(this.#directory, 0));
  }

  protected _remove(user: string): Promise<boolean> {
    const file = this.#places(user).find((one) => existsSync(one));
    if (file !== undefined) rmSync(file);
    return Promise.resolve(file !== undefined);
  }

  protected override _check(): Promise<readonly string[]> {
    return Promise.resolve(
      existsSync(this.#directory) ? [] : [`There is no directory ${this.#directory} of DSPAM.`],
    );
  }

  /** Makes the tables of tamis where they are missing; the user's number in them. */
  async #prepared(database: Database, user: string): Promise<number> {
    const idOf = async (): Promise<number | undefined> => {
      const { rows } = await database.run((db) =>
        sql<{ id: number }>`select id from tamis_users where folder = ${folderOf(user)}`.execute(db),
      );
      return rows[0]?.id;
    };
    const made = await database.run((db) => database.server.columnType('tamis_tokens', 'day').execute(db));
    if (made.rows.length === 0) {
      const { error } = await database.run((db) => migrate(db, database.server.words));
      if (error !== undefined) throw explain(error, `${database.server.label} (format ${newest})`);
    }
    const known = await idOf();
    if (known !== undefined) return known;
    await database.run((db) =>
      sql`insert or ignore into tamis_users (folder, name) values (${folderOf(user)}, ${encodeName(user)})`.execute(
        db,
      ),
    );
    return (await idOf()) ?? 0;
  }

  /** Where DSPAM may have a user's file; nowhere for a name that would lead out of the directory. */
  #places(user: string): readonly string[] {
    if (/[/\0]/u.test(user) || user.startsWith('.')) return [];
    const [local = '', domain] = user.split('@');
    const file = `${user}.sdb`;
    return [
      path.join(this.#directory, user, file),
      domain === undefined
        ? path.join(this.#directory, 'local', user, file)
        : path.join(this.#directory, domain, local, `${local}.sdb`),
      path.join(this.#directory, user.slice(0, 1), user.slice(1, 2) || user.slice(0, 1), user, file),
    ];
  }

  *#usersBelow(directory: string, depth: number): Iterable<string> {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const { name } = entry;
      const below = path.join(directory, name);
      if (existsSync(path.join(below, `${name}.sdb`))) {
        const domain = path.basename(directory);
        yield depth === 1 && domain !== 'local' ? `${name}@${domain}` : name;
      } else if (depth < 2) {
        yield* this.#usersBelow(below, depth + 1);
      }
    }
  }
}
