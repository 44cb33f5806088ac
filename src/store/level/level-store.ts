/**
 * The embedded backend: one LevelDB a user, below the home.
 *
 *     users/<folder>/db/     the user's LevelDB (records.ts); <folder> as in names.ts
 *     users/<folder>/name    only if the folder's name is a hash: the encoded user name and a newline
 *
 * Directories are for their owner alone (mode 0700). A user exists if `db/CURRENT` does: LevelDB writes files
 * whenever it opens a directory, so that is looked at first, and an unknown user leaves no trace. One process at a
 * time has a user open, by LevelDB's own lock; the kernel lets go of it when a process ends, however it ends.
 */
import { promises } from 'node:fs';
import path from 'node:path';
import { systemCode, TamisError } from '../../errors.ts';
import { AbstractStore } from '../abstract-store.ts';
import { decodeName, encodeName, folderOf, isHashed } from '../names.ts';
import { destroyDatabase, explain, isDatabase, openDatabase, type Database } from './database.ts';
import { Backlog } from './backlog.ts';
import type { Found } from './features.ts';
import { LevelUserStore } from './level-user-store.ts';
import { decodeVersion, encodeVersion, formats, versionKey } from './records.ts';

/** A store of LevelDBs below a home directory. */
export class LevelStore extends AbstractStore {
  readonly #home: string;
  readonly #usersDirectory: string;

  constructor(home: string) {
    super();
    this.#home = home;
    this.#usersDirectory = path.join(home, 'users');
  }

  protected async _open(user: string, create: boolean): Promise<LevelUserStore | undefined> {
    const folder = path.join(this.#usersDirectory, folderOf(user));
    const directory = path.join(folder, 'db');
    try {
      const known = isDatabase(directory);
      if (!known && !create) return undefined;
      if (!known) await this.#createFolder(folder, user);
      const database = await openDatabase(directory, !known);
      const found = await look(database);
      if (!known) await this.#syncFolders(folder);
      return new LevelUserStore(user, database, found);
    } catch (error) {
      throw explain(error, directory);
    }
  }

  protected async *_users(): AsyncIterable<string> {
    try {
      for (const folder of await readFolders(this.#usersDirectory)) {
        const user = await this.#userOf(folder);
        if (user !== undefined) yield user;
      }
    } catch (error) {
      throw explain(error, this.#usersDirectory);
    }
  }

  /** The files of LevelDB go first and under its lock, so that no other process is in the middle of a message. */
  protected async _remove(user: string): Promise<boolean> {
    const folder = path.join(this.#usersDirectory, folderOf(user));
    const directory = path.join(folder, 'db');
    try {
      const known = isDatabase(directory);
      if (known) await destroyDatabase(directory);
      await promises.rm(folder, { recursive: true, force: true });
      return known;
    } catch (error) {
      throw explain(error, directory);
    }
  }

  async #createFolder(folder: string, user: string): Promise<void> {
    await promises.mkdir(path.join(folder, 'db'), { recursive: true, mode: 0o700 });
    if (!isHashed(path.basename(folder))) return;
    const file = await promises.open(path.join(folder, 'name'), 'w', 0o600);
    try {
      await file.writeFile(`${encodeName(user)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** LevelDB syncs its own directory; the way there is ours. */
  async #syncFolders(folder: string): Promise<void> {
    for (const directory of [folder, this.#usersDirectory, this.#home]) {
      const handle = await promises.open(directory);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  }

  /** The user that a folder belongs to, or undefined if it belongs to none. */
  async #userOf(folder: string): Promise<string | undefined> {
    const place = path.join(this.#usersDirectory, folder);
    if (!isDatabase(path.join(place, 'db'))) return undefined;
    const encoded = isHashed(folder) ? await readName(path.join(place, 'name')) : folder;
    const user = decodeName(encoded);
    return user !== undefined && folderOf(user) === folder ? user : undefined;
  }
}

/** The names of the directories in a directory; none if it does not exist. */
async function readFolders(directory: string): Promise<string[]> {
  try {
    const entries = await promises.readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readName(file: string): Promise<string> {
  try {
    return (await promises.readFile(file, 'utf8')).trimEnd();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}

/**
 * Looks at a database that has been opened. An empty one gets the format that is written here: it is new, or whoever created it
 * was killed before.
 *
 * @throws TamisError STORE_VERSION if it has a format that is not read here; the database is closed then, as after any error.
 */
async function look(database: Database): Promise<Found> {
  try {
    let bytes = database.getSync(versionKey);
    if (bytes === undefined && (await isEmpty(database))) {
      bytes = encodeVersion(0);
      await database.put(versionKey, bytes, { sync: true });
    }
    const version = bytes && decodeVersion(bytes);
    if (version !== undefined)
      return { format: version.format, backlog: await Backlog.find(database, version.first) };
    const has = bytes === undefined ? 'no format number' : `format ${bytes.join('.')}`;
    const what = `The store ${database.location} has ${has}, but this tamis reads formats ${formats.join(' and ')} only.`;
    throw new TamisError(
      'STORE_VERSION',
      `${what} Use the tamis that wrote it, or export the user there and import it here.`,
    );
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function isEmpty(database: Database): Promise<boolean> {
  const first = await database.keys({ limit: 1 }).all();
  return first.length === 0;
}
