/**
 * Servers that fail, for each backend that has one: the message passes as it came, with one line on stderr that says what to do and
 * shows no password.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { Place, type Outcome } from '../cli/tamis.ts';
import { describeAsRoot, describeWith } from '../peers.ts';
import { openUser, read, rows } from './conformance.ts';
import { kinds, portOf } from './kinds.ts';
import { SlowProxy } from './proxies.ts';
import { freePort, redisSays, startMariadb, startPostgres, startRedis, type Running } from './servers.ts';

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

    /** What the doctor says while the event loop goes on. */
    const doctorSays = async (location: string): Promise<string> => {
      const child = place.start(['doctor', `--set=store=${location}`]);
      let said = '';
      child.stdout.on('data', (bytes: Buffer) => {
        said += bytes.toString();
      });
      child.stdin.end();
      await once(child, 'close');
      expect(said).not.toContain('secret');
      return said;
    };

    test('judges', async () => {
      const { status, stdout, said } = await filtered(server.location);
      expect({ status, said }).toEqual({ status: 0, said: [] });
      expect(stdout).toContain('X-DSPAM-Signature: ');
    });

    test('that refuses the password', async () => {
      await passes(/refuses this user or password/u, kind.wrongPassword(server));
      expect(await doctorSays(kind.wrongPassword(server))).toContain('refuses this user or password');
    });

    test.each(kind.withoutTables === undefined ? [] : [kind.withoutTables])(
      'that has no tables',
      async (elsewhere) => {
        await passes(/has no tables of tamis; make them: tamis store init/u, elsewhere(server));
        expect(await doctorSays(elsewhere(server))).toMatch(/^STORE_VERSION: .*\n {4}tamis store init$/mu);
      },
    );

    test('that is not there', async () => {
      const nowhere = kind.through(server, await freePort());
      await passes(/cannot be reached/u, nowhere);
      expect(await doctorSays(nowhere)).toContain('cannot be reached');
    });

    test('that answers late', async () => {
      const proxy = new SlowProxy(kind.target(server), 2000);
      const port = await proxy.listen();
      try {
        const start = performance.now();
        await passes(/deadline|in time/u, kind.through(server, port), '--set=deadline=1');
        expect(performance.now() - start).toBeLessThan(5000);
        expect(await doctorSays(kind.through(server, port))).toMatch(/STORE_SLOW|in time/u);
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

/** Each server with its data on a disk of some MiB, which is then filled to the last byte. */
const fullDisks: readonly {
  readonly name: string;
  readonly programs: readonly string[];
  readonly start: (
    programs: readonly string[],
  ) => Promise<{ server: Running; location: string; disk: string }>;
}[] = [
  {
    name: 'postgres',
    programs: ['initdb', 'postgres', 'psql'],
    start: async (programs) => {
      const server = await startPostgres(programs);
      const disk = mountIn(server.folder, 'disk', '16m');
      execFileSync('chown', ['postgres', disk]);
      for (const words of [
        `create tablespace small location '${disk}'`,
        'create database small tablespace small',
      ]) {
        execFileSync(programs[2] ?? '', [
          ...['-h', server.folder, '-p', String(portOf(server.location)), '-U', 'tamis', '-d', 'postgres'],
          ...['-c', words],
        ]);
      }
      return { server, location: server.location.replace('/postgres?', '/small?'), disk };
    },
  },
  {
    name: 'mariadb',
    programs: ['mariadbd', 'mariadb-install-db', 'mariadb'],
    start: async () => {
      const server = await startMariadb();
      return { server, location: server.location, disk: mountIn(server.folder, 'data/tamis', '4m') };
    },
  },
  {
    name: 'redis',
    programs: ['redis-server', 'redis-cli'],
    start: async () => {
      const disk = mountIn(tmpdir(), `tamis-disk-${randomUUID()}`, '1m');
      const server = await startRedis('--appendonly', 'yes', '--dir', disk);
      return { server, location: server.location, disk };
    },
  },
];

/** Mounts a small disk on a folder. */
function mountIn(folder: string, name: string, size: string): string {
  const disk = path.join(folder, name);
  mkdirSync(disk, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]);
  return disk;
}

function fill(disk: string): void {
  const file = openSync(path.join(disk, 'filler'), 'w');
  try {
    for (let size = 65_536; size >= 1;) {
      try {
        writeSync(file, Buffer.alloc(size));
      } catch {
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(file);
  }
}

describe.each(fullDisks)('a server of $name whose disk is full', ({ programs, start }) => {
  describeWith(programs, (...paths) => {
    describeAsRoot('on a disk of its own', () => {
      test('passes mail, refuses lessons with one line, and the doctor names it', async () => {
        const { server, location, disk } = await start(paths);
        const place = new Place();
        try {
          const store = `--set=store=${location}`;
          expect(place.run(['store', 'init', store]).said).toEqual([]);
          expect(place.run(['users', 'add', 'joe', store]).said).toEqual([]);
          fill(disk);
          const words = /has no space left|cannot write its disk/u;
          const taught: Outcome[] = [];
          while (taught.length < 20 && taught.at(-1)?.status !== 75) {
            const body = Array.from({ length: 3000 }, () => randomUUID().slice(0, 8)).join(' ');
            const stdin = `From: a@example.org\nSubject: ${taught.length}\n\n${body}\n`;
            taught.push(place.run(['--user=joe', '--class=spam', '--source=error', store], { stdin }));
          }
          expect(taught.at(-1)?.status).toBe(75);
          expect(taught.at(-1)?.said).toHaveLength(1);
          expect(taught.at(-1)?.stderr).toMatch(words);
          const passed = place.run(['--user=joe', store], { stdin: message });
          expect(passed.status).toBe(0);
          expect(passed.stdout.endsWith('\n\nBuy the thing today.\n')).toBe(true);
          if (passed.said.length > 0) expect(passed.stderr).toMatch(words);
          // MariaDB may end when it cannot write.
          expect(place.run(['doctor', store]).stdout).toMatch(
            /has no space left|cannot write its disk|ended the connection|cannot be reached/u,
          );
        } finally {
          place.remove();
          await server.kill();
          execFileSync('umount', [disk]);
          rmSync(disk, { recursive: true, force: true });
          await server.stop();
        }
      }, 60_000);
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
