/**
 * How often a message waits for the server: counted by a proxy in front of it, which takes what is sent before the answer to the first
 * is back for one round trip.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeptUsers } from '../../src/daemon/kept-users.ts';
import { checkSettings } from '../../src/config/settings.ts';
import { Deadline } from '../../src/judge/deadline.ts';
import { judgeMessage, type Task } from '../../src/judge/process.ts';
import { teachMessage } from '../../src/judge/teaching.ts';
import { openStore } from '../../src/store/open.ts';
import { mail } from '../cli/mail.ts';
import { describeWith } from '../peers.ts';
import { CountingProxy } from './proxies.ts';
import { redisSays, startRedis, startRedisCluster, type Running } from './servers.ts';

const subjects = [
  {
    name: 'Redis',
    start: async (): Promise<{ server: Running; ports: readonly number[] }> => {
      const server = await startRedis();
      return { server, ports: [Number(new URL(server.location).port)] };
    },
  },
  {
    name: 'Redis Cluster',
    start: async (): Promise<{ server: Running; ports: readonly number[] }> => {
      const server = await startRedisCluster();
      return { server, ports: server.ports };
    },
  },
];

describe.each(subjects)('through $name', ({ start }) => {
  describeWith(['redis-server', 'redis-cli'], () => {
    let server: Running;
    let proxies: CountingProxy[];
    let users: KeptUsers;
    let task: Task;
    const user = 'joe@example.org';

    beforeAll(async () => {
      const started = await start();
      ({ server } = started);
      proxies = started.ports.map((port) => new CountingProxy({ host: '127.0.0.1', port }));
      const own: number[] = [];
      for (const [at, proxy] of proxies.entries()) {
        own.push(await proxy.listen());
        if (proxies.length > 1)
          redisSays(started.ports[at] ?? 0, 'config', 'set', 'cluster-announce-port', String(own[at]));
      }
      const told = (port: number): boolean => {
        const slots = redisSays(port, 'cluster', 'slots').split('\n');
        return own.slice(0, 3).every((one) => slots.includes(String(one)));
      };
      while (proxies.length > 1 && !started.ports.every(told)) await sleep(100);
      const store = await openStore(`redis://${own.map((port) => `127.0.0.1:${port}`).join()}`, '/nowhere');
      users = new KeptUsers(store, 0);
      const settings = checkSettings({ createUsers: true }, 'the test');
      task = {
        user,
        config: { settings, home: '/nowhere' },
        users: (...work) => users.with(...work),
      };
      // The connection is made, and the servers know the scripts.
      await teach(0);
      await judge(0);
    }, 90_000);
    afterAll(async () => {
      await users.close();
      for (const proxy of proxies) proxy.close();
      await server.stop();
    });

    const message = (number: number): Buffer =>
      Buffer.from(mail({ id: `m${number}`, subject: `Offer ${number}`, body: 'Buy the thing today.\n' }));
    const judge = async (number: number, classify = false): Promise<void> => {
      await judgeMessage(message(number), { ...task, classify }, new Deadline(5000, { watched: false }));
    };
    const teach = async (number: number): Promise<void> => {
      await teachMessage(message(number), task, { spam: true, source: 'error' }, 0);
    };
    const tripsOf = async (work: () => Promise<void>): Promise<number> => {
      for (const proxy of proxies) proxy.trips = 0;
      await work();
      return proxies.reduce((sum, { trips }) => sum + trips, 0);
    };

    test('a message is judged in two round trips, or one if nothing is kept of it', async () => {
      await judge(1);
      expect(await tripsOf(() => judge(2))).toBe(2);
      expect(await tripsOf(() => judge(3, true))).toBe(1);
    });

    test('a lesson takes two', async () => {
      await judge(1);
      expect(await tripsOf(() => teach(4))).toBe(2);
    });

    test('one more finds a user for whom nothing has come for a while', async () => {
      await sleep(600);
      expect(await tripsOf(() => judge(5))).toBe(3);
      await sleep(600);
      expect(await tripsOf(() => judge(6, true))).toBe(2);
    });
  });
});
