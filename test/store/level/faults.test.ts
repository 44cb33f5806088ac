import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { explain } from '../../../src/store/level/database.ts';
import { LevelStore } from '../../../src/store/level/level-store.ts';
import { openUser, rows } from '../conformance.ts';
import { changeNumber, countWhole } from './changes.ts';

const isRoot = process.getuid?.() === 0;
const nobody = '65534';
const childScript = path.join(import.meta.dirname, 'child.ts');

let home: string;
let directory: string;
let store: LevelStore;
let children: Child[];

type Child = ChildProcessByStdio<null, Readable, null>;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'tamis-faults-'));
  directory = path.join(home, 'users/joe/db');
  store = new LevelStore(home);
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await store.close();
  await rm(home, { recursive: true, force: true });
});

/** Starts child.ts on the home; its lines are read with {@link linesOf}. */
function start(...task: string[]): Child {
  return startShell('', ...task);
}

/** The same after shell commands. */
function startShell(before: string, ...task: string[]): Child {
  const command = `${before} exec "$@"`;
  const args = ['-c', command, 'sh', process.execPath, '--import', 'tsx', childScript, home, ...task];
  const child = spawn('bash', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

function linesOf(child: Child): AsyncIterableIterator<string> {
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

async function allLines(child: Child): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of { [Symbol.asyncIterator]: () => linesOf(child) }) lines.push(line);
  return lines;
}

/** A user joe with features in tables and in the log. */
async function createJoe(): Promise<void> {
  const user = await openUser(store, 'joe');
  for (let n = 1; n <= 20; n++) await user.apply(changeNumber(n));
  await user.sizes();
  for (let n = 21; n <= 25; n++) await user.apply(changeNumber(n));
  await user.close();
}

async function filesLike(pattern: RegExp): Promise<string[]> {
  const names = await readdir(directory);
  return names.filter((name) => pattern.test(name)).map((name) => path.join(directory, name));
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const denied = () => `HOME This process (uid ${nobody}) may not read and write ${directory};`;
const openJoe = (wait = 0) => store.open('joe', { create: false, wait });

describe('an unknown user', () => {
  test('leaves no trace when opened or removed, nor does a missing home', async () => {
    expect(await openJoe()).toBeUndefined();
    expect(await store.remove('joe')).toBe(false);
    expect(await readdir(home)).toEqual([]);
    const missing = new LevelStore(path.join(home, 'missing'));
    expect(await missing.open('joe', { create: false })).toBeUndefined();
    for await (const user of missing.users()) expect.unreachable(user);
    expect(await readdir(home)).toEqual([]);
  });

  test('is one whose folder has no LevelDB; other folders and files are not users', async () => {
    await mkdir(directory, { recursive: true });
    await mkdir(path.join(home, 'users/Not An Encoding/db'), { recursive: true });
    await writeFile(path.join(home, 'users/Not An Encoding/db/CURRENT'), '');
    await writeFile(path.join(home, 'users/file'), '');
    for await (const user of store.users()) expect.unreachable(user);
    expect(await openJoe()).toBeUndefined();
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('a new user', () => {
  test('has directories for the owner alone, and a name beside a hash', async () => {
    const name = 'X'.repeat(300);
    const deep = new LevelStore(path.join(home, 'a/b'));
    await (await openUser(deep, name)).close();
    const [folder = ''] = await readdir(path.join(home, 'a/b/users'));
    for (const place of ['a', 'a/b', 'a/b/users', `a/b/users/${folder}`, `a/b/users/${folder}/db`]) {
      expect((await stat(path.join(home, place))).mode & 0o777).toBe(0o700);
    }
    expect(await readFile(path.join(home, 'a/b/users', folder, 'name'), 'utf8')).toBe(
      `${'%58'.repeat(300)}\n`,
    );
    expect(await deep.remove(name)).toBe(true);
    expect(await readdir(path.join(home, 'a/b/users'))).toEqual([]);
  });

  test('whose creation was cut short before the version was written is completed', async () => {
    await mkdir(directory, { recursive: true });
    const bare = new Level(directory);
    await bare.open();
    await bare.close();
    await (await openUser(store, 'joe')).close();
    await (await openJoe())?.close();
    const database = new Level<string, Uint8Array>(directory, { valueEncoding: 'view' });
    expect(Array.from(await database.get('v'))).toEqual([2, 0]);
    await database.close();
  });
});

describe('a lock that another process holds', () => {
  test('is waited for, and taken when let go of', async () => {
    const child = start('hold', '400');
    expect(await linesOf(child).next()).toMatchObject({ value: 'held' });
    const error = await failure(openJoe(60));
    expect(error).toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining(directory) as unknown,
    });
    await expect(store.remove('joe')).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    const user = await openJoe(20_000);
    await user?.apply({ features: rows([1, 1, 1]) });
    await user?.close();
  });

  test('is free when that process is killed', async () => {
    const child = start('hold', '60000');
    await linesOf(child).next();
    setTimeout(() => child.kill('SIGKILL'), 50);
    const user = await openJoe(20_000);
    expect(await user?.totals()).toMatchObject({ spamLearned: 0 });
  });
});

test('a process killed while it writes leaves each acknowledged change whole, and no other in part', async () => {
  // Beyond a thousand, what waits is being added to the buckets.
  for (const least of [1, 40, 150, 1005]) {
    const child = start('write');
    let acknowledged = 0;
    for await (const line of { [Symbol.asyncIterator]: () => linesOf(child) }) {
      acknowledged = Number(line);
      if (acknowledged >= least && !child.killed) child.kill('SIGKILL');
    }
    const user = await openJoe();
    if (user === undefined) throw new Error('joe is gone');
    expect(await countWhole(user)).toBeGreaterThanOrEqual(acknowledged);
    await user.close();
    await store.remove('joe');
  }
});

test('a full disk is an error that says so, stops all writing, and loses nothing acknowledged', async () => {
  // The limit on the size of a file stands for the size of a disk.
  const lines = await allLines(startShell('ulimit -f 300;', 'write'));
  const [first = '', second = ''] = lines.slice(-2);
  expect(first).toContain(`STORE_FAILED There is no space left to write the store ${directory};`);
  expect(second).toBe(first);
  const user = await openJoe();
  if (user === undefined) throw new Error('joe is gone');
  const acknowledged = lines.length - 2;
  expect(acknowledged).toBeGreaterThan(10);
  expect([acknowledged, acknowledged + 1]).toContain(await countWhole(user));
});

describe('a damaged store is STORE_CORRUPT and named', () => {
  const faults: [string, () => Promise<void>][] = [
    ['CURRENT is empty', () => truncate(path.join(directory, 'CURRENT'))],
    ['CURRENT names nothing', () => writeFile(path.join(directory, 'CURRENT'), 'MANIFEST-999999\n')],
    ['the MANIFEST is empty', async () => truncate((await filesLike(/^MANIFEST/))[0] ?? '')],
    [
      'the MANIFEST is overwritten',
      async () => writeFile((await filesLike(/^MANIFEST/))[0] ?? '', 'x'.repeat(500)),
    ],
    ['the MANIFEST is missing', async () => rm((await filesLike(/^MANIFEST/))[0] ?? '')],
    [
      'the tables are missing',
      async () => {
        for (const file of await filesLike(/\.ldb$/)) await rm(file);
      },
    ],
  ];

  test.each(faults)('%s', async (_, damage) => {
    await createJoe();
    await damage();
    const error = await failure(openJoe());
    expect(error).toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining(`${directory} is damaged; restore`) as unknown,
    });
    expect(await store.remove('joe')).toBe(true);
    expect(await openJoe()).toBeUndefined();
  });

  test('a record is none of ours', async () => {
    await createJoe();
    const database = new Level<Uint8Array, Uint8Array>(directory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
    });
    for await (const key of database.keys()) {
      if (key[0] !== 'v'.charCodeAt(0)) await database.put(key, Uint8Array.of(255));
    }
    await database.close();
    const user = await openJoe();
    if (user === undefined) throw new Error('joe is gone');
    const corrupt = { code: 'STORE_CORRUPT', message: expect.stringContaining(directory) as unknown };
    await expect(user.readFeatures(Float64Array.of(0))).rejects.toMatchObject(corrupt);
    await expect(user.totals()).rejects.toMatchObject(corrupt);
    await expect(user.note('learned', Buffer.from('change 1'))).rejects.toMatchObject(corrupt);
    await expect(user.purge(0)).rejects.toMatchObject(corrupt);
    await expect(user.apply(changeNumber(26))).rejects.toMatchObject(corrupt);
    await expect(user.features()[Symbol.asyncIterator]().next()).rejects.toMatchObject(corrupt);
  });
});

describe('the format', () => {
  test.each([
    ['another number', Uint8Array.of(3), 'has format 3, but'],
    ['no number', undefined, 'has no format number'],
  ])('with %s is STORE_VERSION, and the store is let go of', async (_, version, sentence) => {
    await createJoe();
    const database = new Level<string, Uint8Array>(directory, { valueEncoding: 'view' });
    await (version === undefined ? database.del('v') : database.put('v', version));
    await database.close();
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await failure(openJoe());
      expect(error).toMatchObject({
        code: 'STORE_VERSION',
        message: expect.stringContaining(directory) as unknown,
      });
      expect(error).toMatchObject({ message: expect.stringContaining(sentence) as unknown });
    }
  });
});

describe('a home that cannot be used', () => {
  test('has a file in its place', async () => {
    const file = path.join(home, 'file');
    await writeFile(file, '');
    const misplaced = new LevelStore(file);
    const wrong = { code: 'HOME', message: expect.stringContaining(file) as unknown };
    await expect(misplaced.open('joe', { create: false })).rejects.toMatchObject(wrong);
    await expect(misplaced.open('joe', { create: true })).rejects.toMatchObject(wrong);
    await expect(misplaced.remove('joe')).rejects.toMatchObject(wrong);
    await expect(misplaced.users()[Symbol.asyncIterator]().next()).rejects.toMatchObject(wrong);
  });

  test.skipIf(!isRoot)('belongs to somebody else (needs root, to become another user)', async () => {
    await createJoe();
    expect((await allLines(start('open', nobody)))[0]).toContain(denied());
  });

  test.skipIf(!isRoot)('can be read, but not written (needs root, to become another user)', async () => {
    await createJoe();
    for (const place of [home, path.join(home, 'users'), path.join(home, 'users/joe'), directory])
      await chmod(place, 0o755);
    const before = await readdir(directory);
    expect((await allLines(start('open', nobody)))[0]).toContain(denied());
    expect(await readdir(directory)).toEqual(before);
  });
});

test.each([
  ['STORE_FAILED', 'read-only file system', 'IO error: /home/users/joe/db/LOCK: Read-only file system'],
  ['STORE_FAILED', 'no space left', 'IO error: /home/users/joe/db/000003.log: No space left on device'],
  ['STORE_FAILED', 'Out of memory', 'IO error: /home/No space left on device/db/LOCK: Out of memory'],
])('%s (%s) is what %j means', (code, sentence, message) => {
  const error = explain(
    new Error('Database failed to open', { cause: new Error(message) }),
    '/home/users/joe/db',
  );
  expect(error).toMatchObject({ code, message: expect.stringContaining(sentence) as unknown });
});
