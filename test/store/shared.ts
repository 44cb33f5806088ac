/** The conformance suite on backends that hosts share: the stores of one server, which each test finds empty. */
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { conformance, type Subject } from './conformance.ts';

/** Removes all users. */
export async function empty(store: Store): Promise<void> {
  const names: string[] = [];
  for await (const name of store.users()) names.push(name);
  for (const name of names) await store.remove(name);
}

/** Runs the suite. @param location Gives the setting `store`, once the server runs. */
export function conformanceOfShared(name: string, location: () => string): void {
  const open = (): Promise<Store> => openStore(location(), '/nowhere');
  const subject: Subject = {
    name,
    shared: true,
    create: async () => {
      const store = await open();
      await store.init();
      await empty(store);
      return { store, reopen: open, end: () => Promise.resolve() };
    },
  };
  conformance(subject);
}
