/**
 * The entry of the sql backends: a file of its own in dist/ (src/build.js), loaded where the setting `store` asks for it. Each
 * server's driver is loaded for itself.
 */
import type { Store } from '../contract.ts';
import { SqlStore } from './sql-store.ts';

/** DSPAM's database in place. @param location The setting behind `dspam-`. @param label The setting without its password. */
export async function openDspam(location: string, label: string): Promise<Store> {
  if (location.startsWith('sqlite:'))
    return new (await import('./dspam-files.ts')).DspamFiles(location.slice('sqlite:'.length));
  const { DspamStore } = await import('./dspam-store.ts');
  return new DspamStore(
    location.startsWith('mysql:')
      ? (await import('./mysql.ts')).mysql(location, label)
      : (await import('./postgres.ts')).postgres(location, label),
  );
}

/** @param file The absolute path of the database. */
export async function openSqlite(file: string): Promise<Store> {
  return new SqlStore((await import('./sqlite.ts')).sqlite(file));
}

/** @param location The setting. @param label The setting without its password. */
export async function openPostgres(location: string, label: string): Promise<Store> {
  return new SqlStore((await import('./postgres.ts')).postgres(location, label));
}

/** @param location The setting. @param label The setting without its password. */
export async function openMysql(location: string, label: string): Promise<Store> {
  return new SqlStore((await import('./mysql.ts')).mysql(location, label));
}
