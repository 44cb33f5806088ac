/** How Redis can be set up: Sentinels, replicas that are read, TLS with certificates, users with rights (ACL). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../../src/store/open.ts';
import { describeWith } from '../../peers.ts';
import { openUser, read, rows } from '../conformance.ts';
import {
  redisSays,
  startRedis,
  startRedisCluster,
  startWatchedRedis,
  watchedName,
  type Cluster,
  type Running,
  type Watched,
} from '../servers.ts';

const portOf = ({ location }: Running): number => Number(new URL(location).port);
const figure = (port: number, name: string): number =>
  Number(new RegExp(`${name}:calls=(\\d+)`, 'u').exec(redisSays(port, 'info', 'commandstats'))?.[1] ?? 0);

/** Tries until it works, as mail comes again and again. */
async function until<Result>(work: () => Promise<Result>): Promise<Result> {
  for (const end = performance.now() + 30_000; ;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(100);
    }
  }
}

describeWith(['redis-server', 'redis-cli'], () => {
  describe('Sentinels', () => {
    let watched: Watched;
    beforeAll(async () => {
      watched = await startWatchedRedis();
    }, 90_000);
    afterAll(async () => {
      await watched.stop();
    });

    test('name the master; replicas are read, and lag only a moment', async () => {
      const { sentinels, master, replica } = watched;
      const store = await openStore(
        `redis://${sentinels}?sentinel=${watchedName}&read=replicas&wait=1`,
        '/nowhere',
      );
      const user = await openUser(store);
      await user.apply({ features: rows([1, 5, 6]) }, { durable: true });
      const before = figure(portOf(master), 'cmdstat_hmget');
      // The replica has it, because wait=1.
      expect(await read(user, 1)).toEqual([5, 6]);
      expect(figure(portOf(replica), 'cmdstat_hmget')).toBeGreaterThan(0);
      expect(figure(portOf(master), 'cmdstat_hmget')).toBe(before);
      expect(await store.check()).toEqual([]);
      await store.close();
    });

    test('that do not know the name are told of', async () => {
      const store = await openStore(`redis://${watched.sentinels}?sentinel=other`, '/nowhere');
      await expect(store.open('joe', { create: false })).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringContaining('no Sentinel that names its master') as unknown,
      });
      await store.close();
    });

    test('name another when the master dies, and what was taught is there', async () => {
      const store = await openStore(`redis://${watched.sentinels}?sentinel=${watchedName}`, '/nowhere');
      const user = await openUser(store);
      const taught = await openStore(
        `redis://${watched.sentinels}?sentinel=${watchedName}&wait=1`,
        '/nowhere',
      );
      await (await openUser(taught)).apply({ features: rows([2, 7, 8]) }, { durable: true });
      await taught.close();
      await watched.master.kill();
      await until(() => user.apply({ features: rows([3, 1, 0]) }));
      expect(await read(user, 1, 2, 3)).toEqual([5, 6, 7, 8, 1, 0]);
      await store.close();
    }, 60_000);
  });

  describe('a cluster', () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await startRedisCluster();
    }, 90_000);
    afterAll(async () => {
      await cluster.stop();
    });

    test('is read from its replicas if the setting says so, and written on its masters', async () => {
      // A replica is listed once it has got something from its master.
      const masters = cluster.ports.slice(0, 3);
      for (const port of masters) {
        for (let at = 0; redisSays(port, 'set', `key ${at}`, '1') !== 'OK';) at++;
      }
      const listed = (port: number): boolean => {
        const slots = redisSays(port, 'cluster', 'slots').split('\n');
        return cluster.ports.every((one) => slots.includes(String(one)));
      };
      while (!masters.every(listed)) await sleep(100);
      const store = await openStore(`${cluster.location}?read=replicas&wait=1`, '/nowhere');
      const user = await openUser(store);
      await user.apply({ features: rows([1, 5, 6]) }, { durable: true });
      expect(await read(user, 1)).toEqual([5, 6]);
      const calls = (ports: readonly number[]): number =>
        ports.reduce((sum, port) => sum + figure(port, 'cmdstat_hmget'), 0);
      // Within the script the master reads, too.
      const before = calls(cluster.ports.slice(0, 3));
      for (let at = 0; at < 10; at++) await read(user, 1);
      expect(calls(cluster.ports.slice(0, 3))).toBe(before);
      expect(calls(cluster.ports.slice(3))).toBeGreaterThanOrEqual(11);
      await store.close();
    });

    test('whose replicas are gone refuses to be taught where it should wait for them, but judges', async () => {
      const store = await openStore(`${cluster.location}?wait=2`, '/nowhere');
      const user = await openUser(store);
      await user.apply({ features: rows([2, 1, 0]) });
      await expect(user.apply({ features: rows([2, 1, 0]) }, { durable: true })).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringContaining('2 replicas did not confirm') as unknown,
      });
      expect(await read(user, 2)).toEqual([2, 0]);
      expect((await store.check()).join()).toContain('wait=2');
      await store.close();
    });
  });

  describe('a user with rights of its own', () => {
    let server: Running;
    beforeAll(async () => {
      server = await startRedis('--appendonly', 'yes');
      const say = (...words: string[]): string => redisSays(portOf(server), 'acl', 'setuser', ...words);
      say('tamis', 'on', '>p@ss:word/', '~tamis:*', '+@all');
      say('guest', 'on', '>guest', '~guest:*', '+@all');
      say('default', 'off');
    });
    afterAll(async () => {
      await server.stop();
    });
    const by = (login: string): string => server.location.replace('://', `://${login}@`);

    test('learns and judges; a password may hold any character', async () => {
      const store = await openStore(by(`tamis:${encodeURIComponent('p@ss:word/')}`), '/nowhere');
      const user = await openUser(store);
      await user.apply({ features: rows([1, 1, 1]) });
      expect(await read(user, 1)).toEqual([1, 1]);
      await store.close();
    });

    test('that lacks them is told what they must be', async () => {
      const store = await openStore(by('guest:guest'), '/nowhere');
      await expect(store.open('joe', { create: true })).rejects.toMatchObject({
        message: expect.stringContaining('+@all ~tamis:*') as unknown,
      });
      await store.close();
    });
  });

  describeWith(['openssl'], () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tamis-tls-'));
    const file = (name: string): string => path.join(folder, name);
    let server: Running;
    beforeAll(async () => {
      const openssl = (...args: string[]): void => {
        execFileSync('openssl', args, { stdio: 'ignore' });
      };
      openssl(
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=ca',
        '-keyout',
        file('ca.key'),
        '-out',
        file('ca.pem'),
      );
      writeFileSync(file('san'), 'subjectAltName=IP:127.0.0.1\n');
      openssl(
        'req',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-subj',
        '/CN=redis',
        '-keyout',
        file('redis.key'),
        '-out',
        file('redis.csr'),
      );
      openssl(
        'x509',
        '-req',
        '-days',
        '2',
        '-in',
        file('redis.csr'),
        '-CA',
        file('ca.pem'),
        '-CAkey',
        file('ca.key'),
        '-CAcreateserial',
        '-extfile',
        file('san'),
        '-out',
        file('redis.pem'),
      );
      server = await startRedis(
        '--tls-cert-file',
        file('redis.pem'),
        '--tls-key-file',
        file('redis.key'),
        '--tls-ca-cert-file',
        file('ca.pem'),
      );
      // Over TLS only, and with a certificate of the client's, as Redis asks for by default.
      const port = portOf(server);
      redisSays(port, 'config', 'set', 'port', '0', 'tls-port', String(port));
    }, 60_000);
    afterAll(async () => {
      await server.stop();
      rmSync(folder, { recursive: true });
    });
    const tls = (options: string): string => server.location.replace('redis:', 'rediss:') + options;

    test('TLS with a certificate of either side', async () => {
      const store = await openStore(
        tls(`?ca=${file('ca.pem')}&cert=${file('redis.pem')}&key=${file('redis.key')}`),
        '/nowhere',
      );
      const user = await openUser(store);
      await user.apply({ features: rows([1, 1, 1]) });
      expect(await read(user, 1)).toEqual([1, 1]);
      await store.close();
    });

    test('TLS to a server whose certificate nobody has signed is refused, with a line that says so', async () => {
      const store = await openStore(tls(''), '/nowhere');
      await expect(store.open('joe', { create: false })).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringContaining('certificate') as unknown,
      });
      await store.close();
    });

    test('a file of a certificate that is not there is an error of the setting', async () => {
      await expect(openStore(tls(`?ca=${file('none.pem')}`), '/nowhere')).rejects.toMatchObject({
        code: 'CONFIG',
        message: expect.stringContaining('none.pem') as unknown,
      });
    });
  });

  test.each(['?wait=many', '?read=all', '?wiat=1', '/x'])(
    'redis://localhost%s is an error of the setting',
    async (options) => {
      await expect(openStore(`redis://localhost${options}`, '/nowhere')).rejects.toMatchObject({
        code: 'CONFIG',
      });
    },
  );
});
