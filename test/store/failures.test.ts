/**
 * Servers that fail, for each backend that has one: the message passes as it came, with one line on stderr that says what to do and
 * shows no password.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { Place } from '../cli/tamis.ts';
import { describeWith } from '../peers.ts';
import { openUser, read, rows } from './conformance.ts';
import { kinds, portOf } from './kinds.ts';
import { SlowProxy } from './proxies.ts';
import { freePort, redisSays, startRedis, type Running } from './servers.ts';

const message = 'From: a@example.org\nSubject: offer\n\nBuy the thing today.\n';

describe.each(kinds)('a server of $name', (kind) => {
  describeWith(kind.programs, (...programs) => {
    let server: Running;
    let place: Place;
    beforeAll(async () => {
      server = await kind.start(programs);
      place = new Place();
      const store = await openStore(server.location, '/nowhere');
      await store.init();
      await openUser(store);
      await store.close();
    });
    afterAll(async () => {
      place.remove();
      await server.stop();
    });

    /** Filters the message while the event loop goes on, for the proxy. */
    const filtered = async (
      location: string,
      ...more: string[]
    ): Promise<{ status: unknown; stdout: string; said: string[] }> => {
      const child = place.start(['--user=joe@example.org', `--set=store=${location}`, ...more]);
      const out = { stdout: '', stderr: '' };
      for (const stream of ['stdout', 'stderr'] as const) {
        child[stream].on('data', (bytes: Buffer) => {
          out[stream] += bytes.toString('latin1');
        });
      }
      child.stdin.end(message);
      const [status] = (await once(child, 'close')) as [number | null];
      return { status, stdout: out.stdout, said: out.stderr.split('\n').filter((line) => line !== '') };
    };

    const passes = async (words: RegExp, location: string, ...more: string[]): Promise<void> => {
      const { status, stdout, said } = await filtered(location, ...more);
      expect({ status, stdout }).toEqual({ status: 0, stdout: message });
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(words);
      expect(said[0]).not.toContain('secret');
    };

    test('judges', async () => {
      const { status, stdout, said } = await filtered(server.location);
      expect({ status, said }).toEqual({ status: 0, said: [] });
      expect(stdout).toContain('X-DSPAM-Signature: ');
    });

    test('that refuses the password', async () => {
      await passes(/refuses this user or password/u, kind.wrongPassword(server));
    });

    test.each(kind.withoutTables === undefined ? [] : [kind.withoutTables])(
      'that has no tables',
      async (elsewhere) => {
        await passes(/has no tables of tamis; make them: tamis store init/u, elsewhere(server));
      },
    );

    test('that is not there', async () => {
      await passes(/cannot be reached/u, kind.through(server, await freePort()));
    });

    test('that answers late', async () => {
      const proxy = new SlowProxy(kind.target(server), 2000);
      const port = await proxy.listen();
      try {
        await passes(/deadline|in time/u, kind.through(server, port), '--set=deadline=1');
      } finally {
        proxy.close();
      }
    });

    test('that fails in the middle and comes back is used again, and a change counts once', async () => {
      const store = await openStore(server.location, '/nowhere');
      const user = await openUser(store, 'jane@example.org');
      await user.apply({ features: rows([1, 1, 0]) }, { durable: true });
      await server.kill();
      await expect(user.apply({ features: rows([1, 1, 0]) })).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await expect(read(user, 1)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await server.start();
      const before = await read(user, 1);
      await user.apply({ features: rows([1, 1, 0]) });
      expect(await read(user, 1)).toEqual([(before[0] ?? NaN) + 1, 0]);
      await store.close();
    });
  });
});

describeWith(['redis-server', 'redis-cli'], () => {
  test('a Redis whose memory is full judges, and says so when it should learn', async () => {
    const server = await startRedis();
    const place = new Place();
    try {
      const store = `--set=store=${server.location}`;
      expect(place.run(['users', 'add', 'joe', store]).status).toBe(0);
      redisSays(portOf(server.location), 'config', 'set', 'maxmemory', '1');
      const judged = place.run(['--user=joe', '--classify', store], { stdin: message });
      expect(judged).toMatchObject({ status: 0, said: [] });
      const taught = place.run(['--user=joe', '--class=spam', '--source=error', store], { stdin: message });
      expect(taught.status).toBe(75);
      expect(taught.said).toHaveLength(1);
      expect(taught.stderr).toContain('has no memory left');
    } finally {
      place.remove();
      await server.stop();
    }
  });
});
