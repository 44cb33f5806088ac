/**
 * The backend of Redis and Valkey, single or Cluster: the memory that many mail hosts share. Nobody owns a user, nothing of a user is
 * kept on this side between two calls (keys.ts has the form, scripts.ts what the servers do).
 */
import { AbstractStore } from '../abstract-store.ts';
import type { OpenOptions, Store } from '../contract.ts';
import { decodeName, encodeName } from '../names.ts';
import { Connection } from './connection.ts';
import { everyUser, format, keysOf } from './keys.ts';
import { RedisUserStore } from './redis-user-store.ts';

/** Keys that one step of a scan looks at. */
const step = 1000;

/** Opens the store; the entry of the file that dist/ has of it. @throws TamisError CONFIG for what is no address. */
export function openRedis(location: string, label: string): Store {
  return new RedisStore(new Connection(location, label));
}

class RedisStore extends AbstractStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    super();
    this.#connection = connection;
  }

  override get isShared(): boolean {
    return true;
  }

  protected async _open(
    user: string,
    create: boolean,
    ahead: NonNullable<OpenOptions['ahead']>,
  ): Promise<RedisUserStore | undefined> {
    const keys = keysOf(user);
    const opened = new RedisUserStore(user, keys, this.#connection);
    // On the way at the same time as what follows.
    const brought = opened.bring(ahead);
    const known = await this.#connection.run(async (client) => {
      if (!create) return (await client.exists(keys.totals)) === 1;
      await Promise.all([
        client.hsetnx(keys.totals, 'name', encodeName(user)),
        client.hsetnx(keys.totals, 'version', format),
      ]);
      return true;
    });
    await brought;
    return known ? opened : undefined;
  }

  /** A scan may tell a key twice. */
  protected async *_users(): AsyncIterable<string> {
    const told = new Set<string>();
    for (const node of await this.#connection.masters()) {
      let cursor = '0';
      do {
        const [next, found] = await this.#connection.run(() =>
          node.scan(cursor, 'MATCH', everyUser, 'COUNT', step),
        );
        const names = await this.#connection.run((client) =>
          Promise.all(found.map((key) => client.hget(key, 'name'))),
        );
        for (const name of names) {
          const user = name === null ? undefined : decodeName(name);
          if (user === undefined || told.has(user)) continue;
          told.add(user);
          yield user;
        }
        cursor = next;
      } while (cursor !== '0');
    }
  }

  protected async _remove(user: string): Promise<boolean> {
    const { totals, ...others } = keysOf(user);
    return await this.#connection.run(async (client) => {
      const [known] = await Promise.all([
        client.unlink(totals),
        client.unlink(Object.values<string>(others)),
      ]);
      return known === 1;
    });
  }

  protected override async _check(): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const node of await this.#connection.masters()) {
      const info = await this.#connection.run(async () =>
        (await Promise.all(['persistence', 'memory', 'replication'].map((part) => node.info(part)))).join(''),
      );
      const place = `${node.options.host ?? ''}:${node.options.port ?? ''}`;
      if (info.includes('aof_enabled:0'))
        problems.push(
          `${place} has appendonly off: what is learned is lost when it ends; set appendonly yes.`,
        );
      if (/^maxmemory:[1-9]/mu.test(info) && !info.includes('maxmemory_policy:noeviction'))
        problems.push(`${place} throws keys away when its memory is full; set maxmemory-policy noeviction.`);
      if (/^(?:aof_last_write_status|rdb_last_bgsave_status|aof_last_bgrewrite_status):err/mu.test(info))
        problems.push(`${place} cannot write its disk; make room there.`);
      const connected = Number(/^connected_slaves:(\d+)/mu.exec(info)?.[1] ?? 0);
      if (connected < this.#connection.replicas)
        problems.push(
          `${place} has ${connected} replicas, and store says wait=${this.#connection.replicas}: nothing can be taught.`,
        );
    }
    return problems;
  }

  protected override async _close(): Promise<void> {
    await this.#connection.close();
  }
}
