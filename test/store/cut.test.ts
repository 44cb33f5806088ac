/** A change whose answer is lost with the connection, after the server has made it: it is tried again, and counts once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Change, Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { describeWith } from '../peers.ts';
import { bytes, openUser, read, rows } from './conformance.ts';
import { kinds } from './kinds.ts';
import { CuttingProxy } from './proxies.ts';
import { redisSays, startRedisCluster, type Running } from './servers.ts';

/** A server behind proxies. */
interface Behind {
  readonly server: Running;
  readonly proxies: readonly CuttingProxy[];
  /** The setting, through the proxies. */
  readonly location: string;
}

/** What a request that changes something says. */
const signs: Readonly<Record<string, RegExp>> = {
  postgres: /commit(?!ted)/u,
  mariadb: /commit(?!ted)/u,
  redis: /evalsha/iu,
};

const subjects = [
  ...kinds.map((kind) => ({
    name: kind.name,
    programs: kind.programs,
    start: async (programs: readonly string[]): Promise<Behind> => {
      const server = await kind.start(programs);
      const proxy = new CuttingProxy(kind.target(server), signs[kind.name] ?? /^/u);
      return { server, proxies: [proxy], location: kind.through(server, await proxy.listen()) };
    },
  })),
  {
    name: 'cluster',
    programs: ['redis-server', 'redis-cli'],
    start: async (): Promise<Behind> => {
      const server = await startRedisCluster();
      const ports: number[] = [];
      const proxies: CuttingProxy[] = [];
      for (const port of server.ports) {
        const proxy = new CuttingProxy({ host: '127.0.0.1', port }, /evalsha/iu);
        const own = await proxy.listen();
        // What the nodes tell clients of each other leads through the proxies, too.
        redisSays(port, 'config', 'set', 'cluster-announce-port', String(own));
        proxies.push(proxy);
        ports.push(own);
      }
      const told = (port: number): boolean => {
        const slots = redisSays(port, 'cluster', 'slots').split('\n');
        return ports.every((own) => slots.includes(String(own)));
      };
      while (!server.ports.every(told)) await sleep(100);
      return { server, proxies, location: `redis://${ports.map((port) => `127.0.0.1:${port}`).join()}` };
    },
  },
];

const change: Change = {
  features: rows([1, 1, -1], [2, 70_000, 0]),
  tokens: { keys: BigUint64Array.of(2n ** 64n - 1n), values: Int32Array.of(1, 2) },
  totals: { spamLearned: 1 },
  notes: [{ space: 'learned', key: bytes('k'), value: bytes('v') }],
};

describe.each(subjects)('$name, cut off between a change and its answer,', ({ programs, start }) => {
  describeWith(programs, (...paths) => {
    let behind: Behind;
    let direct: Store;
    beforeAll(async () => {
      behind = await start(paths);
      direct = await openStore(behind.server.location, '/nowhere');
      await direct.init();
    }, 60_000);
    afterAll(async () => {
      await direct.close();
      for (const proxy of behind.proxies) proxy.close();
      await behind.server.stop();
    });

    test.each([1, 2])('%d times in a row, counts the change once', async (times) => {
      const name = `joe${times}@example.org`;
      const store = await openStore(behind.location, '/nowhere');
      const user = await openUser(store, name);
      // The first change brings the script to the server.
      await user.apply({ totals: { innocentLearned: 1 } }, { durable: true });
      for (const proxy of behind.proxies) {
        proxy.cuts = 0;
        proxy.arm(times);
      }
      await user.apply(change, { durable: true });
      expect(behind.proxies.reduce((sum, { cuts }) => sum + cuts, 0)).toBeGreaterThanOrEqual(times);
      for (const proxy of behind.proxies) proxy.arm(0);
      const seen = await openUser(direct, name);
      expect(await read(seen, 1, 2)).toEqual([1, -1, 70_000, 0]);
      expect(Array.from(await seen.readTokens(BigUint64Array.of(2n ** 64n - 1n)))).toEqual([1, 2]);
      expect(await seen.totals()).toMatchObject({ spamLearned: 1, innocentLearned: 1 });
      expect(await seen.note('learned', bytes('k'))).toEqual(bytes('v'));
      await store.close();
    });
  });
});
