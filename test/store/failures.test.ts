/**
 * Servers that fail, for each backend that has one: the message passes as it came, with one line on stderr that says what to do and
 * shows no password.
 */
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { Place } from '../cli/tamis.ts';
import { describeWith } from '../peers.ts';
import { openUser, read, rows } from './conformance.ts';
import { freePort, redisSays, startMariadb, startPostgres, startRedis, type Running } from './servers.ts';

const message = 'From: a@example.org\nSubject: offer\n\nBuy the thing today.\n';

/** How a server is started and addressed. */
interface Kind {
  readonly name: string;
  readonly programs: readonly string[];
  start(programs: readonly string[]): Promise<Running>;
  /** The setting with another password, or for a port of the loopback where a proxy of the server listens. */
  wrongPassword(server: Running): string;
  through(server: Running, port: number): string;
  /** Where the server itself listens. */
  target(server: Running): { host: string; port: number } | { path: string };
  /** A place without the tables of tamis; undefined if it needs none. */
  readonly withoutTables?: (server: Running) => string;
}

const portOf = (location: string): number => Number(new URL(location).port);

const kinds: readonly Kind[] = [
  {
    name: 'postgres',
    programs: ['initdb', 'postgres', 'psql'],
    start: startPostgres,
    wrongPassword: ({ location }) => `postgres://tamis:secret@127.0.0.1:${portOf(location)}/postgres`,
    through: (_, port) => `postgres://tamis@127.0.0.1:${port}/template1?sslmode=disable`,
    target: ({ location }) => ({ host: '127.0.0.1', port: portOf(location) }),
    withoutTables: ({ location }) => location.replace('/postgres?', '/template1?'),
  },
  {
    name: 'mariadb',
    programs: ['mariadbd', 'mariadb-install-db', 'mariadb'],
    start: startMariadb,
    wrongPassword: ({ location }) => location.replace('root@', 'root:secret@'),
    through: (_, port) => `mysql://root@127.0.0.1:${port}/tamis`,
    target: ({ folder }) => ({ path: `${folder}/socket` }),
    withoutTables: ({ location }) => location.replace('/tamis?', '/mysql?'),
  },
  {
    name: 'redis',
    programs: ['redis-server', 'redis-cli'],
    start: () => startRedis('--appendonly', 'yes'),
    wrongPassword: ({ location }) => location.replace('://', '://joe:secret@'),
    through: (_, port) => `redis://127.0.0.1:${port}`,
    target: ({ location }) => ({ host: '127.0.0.1', port: portOf(location) }),
  },
];

/** A proxy that holds back what the server answers. */
class SlowProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: ReturnType<Kind['target']>, delay: number) {
    this.#server = createServer((client) => {
      const upstream = createConnection(target);
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
      }
      client.on('data', (bytes) => upstream.write(bytes));
      upstream.on('data', (bytes) => setTimeout(() => client.write(bytes), delay));
      client.on('close', () => upstream.destroy());
    });
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

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
      const port = await freePort();
      await proxy.listen(port);
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
