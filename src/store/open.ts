/**
 * Opens the store that the setting `store` names. A backend is loaded when it is asked for, with the optional
 * packages that it needs, so that a message pays only for its own.
 */
import path from 'node:path';
import { systemCode, TamisError } from '../errors.ts';
import type { Store } from './contract.ts';

/** Makes a store; `label` is the setting without its password. */
type Backend = (location: string, home: string, label: string) => Promise<Store>;

/** By the word before the colon of the setting, or the whole setting. */
const backends: Readonly<Record<string, Backend>> = {
  level: async (_, home) => new (await import('./level/level-store.ts')).LevelStore(home),
  memory: async () => new (await import('./memory/memory-store.ts')).MemoryStore(),
  sqlite: async (location, home) =>
    await (
      await import('./sql/open-sql.ts')
    ).openSqlite(path.resolve(home, location.slice('sqlite:'.length))),
  postgres: async (location, _, label) =>
    await (await import('./sql/open-sql.ts')).openPostgres(location, label),
  mysql: async (location, _, label) => await (await import('./sql/open-sql.ts')).openMysql(location, label),
  'dspam-mysql': openDspam,
  'dspam-postgres': openDspam,
  'dspam-sqlite': async (location, home, label) =>
    await openDspam(
      `dspam-sqlite:${path.resolve(home, location.slice('dspam-sqlite:'.length))}`,
      home,
      label,
    ),
  redis: async (location, _, label) => (await import('./redis/redis-store.ts')).openRedis(location, label),
  rediss: async (location, _, label) => (await import('./redis/redis-store.ts')).openRedis(location, label),
};

/** What each backend that is named by more than its word takes. */
const forms: Readonly<Record<string, RegExp>> = {
  level: /^level$/u,
  memory: /^memory$/u,
  sqlite: /^sqlite:./u,
  postgres: /^postgres:\/\//u,
  mysql: /^mysql:\/\//u,
  'dspam-mysql': /^dspam-mysql:\/\//u,
  'dspam-postgres': /^dspam-postgres:\/\//u,
  'dspam-sqlite': /^dspam-sqlite:./u,
  redis: /^redis:\/\/./u,
  rediss: /^rediss:\/\/./u,
};

const known =
  'level, redis://HOST:PORT[,HOST:PORT]…, sqlite:PATH, postgres://USER:PASSWORD@HOST/DATABASE, mysql://USER:PASSWORD@HOST/DATABASE dspam- before one of these for a database of DSPAM in place, or memory';

/**
 * Opens a store; nothing is read or created until a user is opened.
 *
 * @param location The setting `store`: `level` (below the home), `sqlite:PATH` (relative to the home), the address of a
 *   server, or `memory` (gone when the process ends).
 * @param home The home directory.
 * @throws TamisError CONFIG that names the backends there are, or the package that is missing.
 */
export async function openStore(location: string, home: string): Promise<Store> {
  const [word = ''] = location.split(':', 1);
  const backend =
    Object.hasOwn(backends, word) && forms[word]?.test(location) === true ? backends[word] : undefined;
  const label = withoutPassword(location);
  if (backend === undefined) {
    throw new TamisError(
      'CONFIG',
      `store = ${JSON.stringify(label)} is no backend of this tamis; use ${known}.`,
    );
  }
  try {
    return await backend(location, home, label);
  } catch (cause) {
    const missing = systemCode(cause);
    if (missing !== 'ERR_MODULE_NOT_FOUND' && missing !== 'MODULE_NOT_FOUND') throw cause;
    throw new TamisError(
      'CONFIG',
      `store = ${JSON.stringify(label)} needs packages that are not installed; in the directory of tamis: npm install --include=optional.`,
      { cause },
    );
  }
}

async function openDspam(location: string, _: string, label: string): Promise<Store> {
  return await (await import('./sql/open-sql.ts')).openDspam(location.slice('dspam-'.length), label);
}

/** An address as it may be shown: without the password, and without options, which may hold others. */
function withoutPassword(location: string): string {
  const start = location.indexOf('://') + 3;
  if (start < 3) return location;
  const [address = ''] = location.slice(start).split('?', 1);
  const at = address.lastIndexOf('@');
  const [user = ''] = address.slice(0, Math.max(at, 0)).split(':', 1);
  return location.slice(0, start) + (user === '' ? '' : `${user}@`) + address.slice(at + 1);
}
