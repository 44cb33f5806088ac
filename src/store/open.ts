/**
 * Opens the store that the setting `store` names. A backend is loaded when it is asked for, so that a
 * message pays only for its own.
 */
import { TamisError } from '../errors.ts';
import type { Store } from './contract.ts';

const backends: Readonly<Record<string, (home: string) => Promise<Store>>> = {
  level: async (home) => new (await import('./level/level-store.ts')).LevelStore(home),
  memory: async () => new (await import('./memory/memory-store.ts')).MemoryStore(),
};

/**
 * Opens a store; nothing is read or created until a user is opened.
 *
 * @param location The setting `store`: `level` (below the home) or `memory` (gone when the process ends).
 * @param home The home directory.
 * @throws TamisError CONFIG that names the backends there are.
 */
export async function openStore(location: string, home: string): Promise<Store> {
  const backend = Object.hasOwn(backends, location) ? backends[location] : undefined;
  if (backend === undefined) {
    const known = Object.keys(backends).join(' or ');
    throw new TamisError(
      'CONFIG',
      `store = ${JSON.stringify(location)} is no backend of this tamis; use ${known}.`,
    );
  }
  return backend(home);
}
