/**
 * A database of DSPAM on MariaDB, MySQL or PostgreSQL, in place, with the tables of tamis beside DSPAM's (`tamis store init` makes them, and leaves
 * DSPAM's alone).
 *
 * A user is who DSPAM takes for one: a name in dspam_virtual_uids, of which several may have one number; or, where that table does not
 * exist, an account of the system.
 */
import { execFileSync } from 'node:child_process';
import { sql } from 'kysely';
import { TamisError } from '../../errors.ts';
import { DspamTables, formOf, type TokenForm } from './dspam-tables.ts';
import { DspamUserStore } from './dspam-user-store.ts';
import { SqlStore } from './sql-store.ts';

/** What is found out once about a database. */
interface Shape {
  readonly form: TokenForm;
  /** Whether users are in dspam_virtual_uids. */
  readonly virtual: boolean;
}

/** A store in DSPAM's tables. */
export class DspamStore extends SqlStore {
  #shape: Promise<Shape> | undefined;

  protected override async _open(user: string, create: boolean): Promise<DspamUserStore | undefined> {
    const { form, virtual } = await this.#known();
    const uid = virtual ? await this.#virtualUid(user, create) : systemUid(user);
    if (uid === undefined) {
      if (!create) return undefined;
      throw new TamisError(
        'USER',
        `There is no account ${JSON.stringify(user)}, and DSPAM has users of the system here.`,
      );
    }
    const id = (await this.idOf(user)) ?? (await this.createId(user));
    if (id === undefined) return undefined;
    return new DspamUserStore(user, id, this.database, new DspamTables(this.database.server, form, uid));
  }

  protected override async *_users(): AsyncIterable<string> {
    const { virtual } = await this.#known();
    if (!virtual) {
      yield* super._users();
      return;
    }
    const { rows } = await this.database.run((db) =>
      sql<{ username: string | null }>`select username from dspam_virtual_uids order by username`.execute(db),
    );
    for (const { username } of rows) if (username !== null && username !== '') yield username;
  }

  /** What is kept under a number goes with the last name that has it. */
  protected override async _remove(user: string): Promise<boolean> {
    const { form, virtual } = await this.#known();
    const uid = virtual ? await this.#virtualUid(user, false) : systemUid(user);
    const ours = await super._remove(user);
    if (uid === undefined) return ours;
    await this.database.transaction(true, async (db) => {
      const say = async (words: ReturnType<typeof sql>): Promise<number> =>
        (await this.database.within(words, db)).length;
      if (virtual) {
        await say(sql`delete from dspam_virtual_uids where username = ${user}`);
        if ((await say(sql`select 1 from dspam_virtual_uids where uid = ${uid}`)) > 0) return;
      }
      for (const words of new DspamTables(this.database.server, form, uid).removal()) await say(words);
    });
    return virtual || ours;
  }

  protected override async _check(): Promise<readonly string[]> {
    await this.#known();
    const problems = await super._check();
    const engines = await this.database.server.engines?.((query) =>
      this.database.run(async (db) => (await query.execute(db)).rows),
    );
    return [...problems, ...(engines ?? [])];
  }

  #known(): Promise<Shape> {
    this.#shape ??= this.#look().catch((error: unknown) => {
      this.#shape = undefined;
      throw error;
    });
    return this.#shape;
  }

  async #look(): Promise<Shape> {
    const { server } = this.database;
    const typeOf = async (table: string, column: string): Promise<string | undefined> =>
      (await this.database.run(async (db) => (await server.columnType(table, column).execute(db)).rows))[0]
        ?.type;
    const form = formOf(await typeOf('dspam_token_data', 'token'), server.label);
    return { form, virtual: (await typeOf('dspam_virtual_uids', 'uid')) !== undefined };
  }

  async #virtualUid(user: string, create: boolean): Promise<number | undefined> {
    const find = async (): Promise<number | undefined> => {
      const { rows } = await this.database.run((db) =>
        sql<{ uid: number | string }>`select uid from dspam_virtual_uids where username = ${user}`.execute(
          db,
        ),
      );
      return rows[0] && Number(rows[0].uid);
    };
    const known = await find();
    if (known !== undefined || !create) return known;
    const { begin, end } = this.database.server.insertNew;
    await this.database.run((db) =>
      sql`${begin} into dspam_virtual_uids (username) values (${user}) ${end}`.execute(db),
    );
    return await find();
  }
}

/** The number of an account, wherever accounts are. */
function systemUid(user: string): number | undefined {
  try {
    const line = execFileSync('getent', ['passwd', '--', user], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const uid = Number(line.split(':')[2]);
    return Number.isInteger(uid) ? uid : undefined;
  } catch {
    return undefined;
  }
}
