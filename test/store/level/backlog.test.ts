import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UserStore } from '../../../src/store/contract.ts';
import { addRows, canWait, encodeRows } from '../../../src/store/level/backlog.ts';
import { LevelStore } from '../../../src/store/level/level-store.ts';
import { FeatureTable } from '../../../src/store/memory/table.ts';
import { allFeatures, bytes, openUser, read, rows } from '../conformance.ts';

let home: string;
let store: LevelStore;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'tamis-backlog-'));
  store = new LevelStore(home);
});

afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true, force: true });
});

/** Does work with the LevelDB itself: of a user who is closed, or of a copy made while the user is open, as a crash leaves it. */
async function withDatabase<Result>(
  work: (database: Level<Uint8Array, Uint8Array>) => Promise<Result>,
  crashed = false,
): Promise<Result> {
  const place = path.join(home, crashed ? 'copy' : 'users/joe/db');
  if (crashed) await cp(path.join(home, 'users/joe/db'), place, { recursive: true });
  const database = new Level<Uint8Array, Uint8Array>(place, { keyEncoding: 'view', valueEncoding: 'view' });
  try {
    return await work(database);
  } finally {
    await database.close();
    if (crashed) await rm(place, { recursive: true });
  }
}

/** The numbers of the records that wait. */
async function waiting(crashed = false): Promise<number[]> {
  return await withDatabase(async (database) => {
    const keys = await database.keys({ gte: bytes('w'), lt: bytes('x') }).all();
    return keys.map((key) => Buffer.from(key).readUInt32BE(1));
  }, crashed);
}

async function formatOf(): Promise<number[]> {
  return await withDatabase(async (database) => Array.from(await database.get(bytes('v'))));
}

/** Joe as a process finds him after another was killed. */
async function afterCrash<Result>(work: (user: UserStore) => Promise<Result>): Promise<Result> {
  const elsewhere = path.join(home, 'elsewhere');
  await cp(path.join(home, 'users'), path.join(elsewhere, 'users'), { recursive: true });
  const crashed = new LevelStore(elsewhere);
  try {
    return await work(await openUser(crashed, 'joe'));
  } finally {
    await crashed.close();
    await rm(elsewhere, { recursive: true });
  }
}

describe('a record', () => {
  test('is written as documented', () => {
    const value = encodeRows(rows([0x0102030405, 1, 0], [0xff_ffff_ffff, -2000, 300]));
    // 2 × 2 + 0 | 2 × 3999 + 1 = 62 × 128 + 63, 600 = 4 × 128 + 88
    expect(Array.from(value)).toEqual(
      [1, 2, 3, 4, 5, 4].concat([255, 255, 255, 255, 255, 128 + 63, 62, 128 + 88, 4]),
    );
  });

  test('reads as written', () => {
    const integer = fc.integer({ min: 1 - 2 ** 20, max: 2 ** 20 - 1 });
    const row = fc.tuple(
      fc.maxSafeNat().map((n) => n % 2 ** 40),
      integer,
      integer,
    );
    fc.assert(
      fc.property(fc.array(row), (some) => {
        const [sums, wanted] = [new FeatureTable(), new FeatureTable()];
        addRows(encodeRows(rows(...some)), sums);
        wanted.addRows(rows(...some));
        expect(sums.rows()).toEqual(wanted.rows());
      }),
    );
  });

  test('that is cut is refused', () => {
    const value = encodeRows(rows([5, -2000, 300]));
    for (let length = 1; length < value.length; length++)
      expect(() => {
        addRows(value.subarray(0, length), new FeatureTable());
      }).toThrow(RangeError);
  });

  test('takes no integer that is large, and not too many rows', () => {
    expect(canWait(rows([1, 2 ** 20 - 1, 1 - 2 ** 20]))).toBe(true);
    expect(canWait(rows([1, 0, 2 ** 20]))).toBe(false);
    expect(canWait(rows([1, -(2 ** 20), 0]))).toBe(false);
    expect(canWait({ keys: new Float64Array(70_000), values: new Int32Array(140_000) })).toBe(false);
  });
});

describe('what was learned', () => {
  test('waits until the user is closed, and is read meanwhile', async () => {
    const user = await openUser(store, 'joe');
    await user.apply({ features: rows([1, 5, 5], [2, 1, 0]), totals: { spamLearned: 1 } }, { durable: true });
    await user.apply({ features: rows([1, -5, -5], [3, 0, 4]) });
    expect(await waiting(true)).toEqual([0, 1]);
    expect(await read(user, 1, 2, 3)).toEqual([0, 0, 1, 0, 0, 4]);
    await user.apply({ features: rows([1, 1, 1]) });
    expect(await read(user, 1, 2, 3)).toEqual([1, 1, 1, 0, 0, 4]);
    expect(await allFeatures(user)).toEqual(
      new Map([
        [1, [1, 1]],
        [2, [1, 0]],
        [3, [0, 4]],
      ]),
    );
    await user.close();
    expect(await waiting()).toEqual([]);
    expect(await read(await openUser(store, 'joe'), 1, 2, 3)).toEqual([1, 1, 1, 0, 0, 4]);
  });

  test('goes on waiting when the user is closed for a moment', async () => {
    const user = await openUser(store, 'joe');
    await user.apply({ features: rows([1, 5, 5]) });
    await user.close({ isBrief: true });
    expect(await waiting()).toEqual([0]);
    const again = await openUser(store, 'joe');
    await again.apply({ features: rows([1, 1, 0]) });
    expect(await read(again, 1)).toEqual([6, 5]);
    expect(await waiting(true)).toEqual([0, 1]);
    await again.close();
    expect(await waiting()).toEqual([]);
  });

  test('is there after a crash, in all ways of reading, and comes into the buckets then', async () => {
    const user = await openUser(store, 'joe');
    await user.apply({ features: rows([1, 1, 1], [2, 2, 2]) });
    await user.close();
    const last = await openUser(store, 'joe');
    await last.apply({ features: rows([2, -2, -2], [3, 3, 3]) }, { durable: true });
    await afterCrash(async (found) => {
      expect(await read(found, 3, 2, 1)).toEqual([3, 3, 0, 0, 1, 1]);
      expect(await allFeatures(found)).toEqual(
        new Map([
          [1, [1, 1]],
          [3, [3, 3]],
        ]),
      );
    });
    await afterCrash(async (found) => {
      await found.apply({ features: rows([3, 1, 0]) });
      expect(await read(found, 3)).toEqual([4, 3]);
      const many = Float64Array.from({ length: 10_000 }, (_, at) => 1000 + at);
      await found.apply({ features: { keys: many, values: new Int32Array(20_000).fill(1) } });
      expect((await found.sizes()).featureBytes).toBeGreaterThan(50_000);
      expect(await read(found, 3, 2, 1)).toEqual([4, 3, 0, 0, 1, 1]);
    });
  });

  test('is added to the buckets when much waits, while learning and reading go on', async () => {
    const user = await openUser(store, 'joe');
    const count = 2300;
    const wrong: number[] = [];
    const learned: Promise<void>[] = [];
    for (let n = 1; n <= count; n++) {
      learned.push(user.apply({ features: rows([1, 1, -1], [n * 1000, n, 0]) }));
      if (n % 100 !== 0) continue;
      await Promise.all(learned);
      const [a = 0, b = 0, own = 0] = await read(user, 1, n * 1000);
      if (a !== n || b !== -n || own !== n) wrong.push(n);
    }
    expect(wrong).toEqual([]);
    const wanted = new Map([[1, [count, -count]]]);
    for (let n = 1; n <= count; n++) wanted.set(n * 1000, [n, 0]);
    expect(await allFeatures(user)).toEqual(wanted);
    await user.close({ isBrief: true });
    const left = await waiting();
    expect(left.length).toBeLessThan(1000);
    expect(left.at(-1)).toBe(count - 1);
    expect(await allFeatures(await openUser(store, 'joe'))).toEqual(wanted);
  });

  test('is not lost to a change that does not wait, nor that to it', async () => {
    const user = await openUser(store, 'joe');
    for (let n = 1; n <= 20; n++) {
      await user.apply({ features: rows([1, 1, 0], [2, 1, 0]) });
      const large = rows([1, 2 ** 21, 1], [2, 0, 1]);
      await Promise.all([
        user.sizes(),
        user.apply({ features: large }),
        user.apply({ features: rows([2, 1, 0]) }),
      ]);
      expect(await read(user, 1, 2)).toEqual([n * (2 ** 21 + 1), n, 2 * n, n]);
    }
  });

  test('saturates as if it had not waited', async () => {
    const most = 2 ** 31 - 1;
    const user = await openUser(store, 'joe');
    await user.apply({ features: rows([1, most - 1, 5]) });
    await user.close();
    const again = await openUser(store, 'joe');
    // Who learns has read before.
    expect(await read(again, 1)).toEqual([most - 1, 5]);
    await again.apply({ features: rows([1, 7, 1]) });
    await again.apply({ features: rows([1, -7, 1]) });
    expect(await read(again, 1)).toEqual([most - 7, 7]);
  });

  test('that is damaged is STORE_CORRUPT, and judged or learned no more', async () => {
    const user = await openUser(store, 'joe');
    await user.apply({ features: rows([1, 5, 5]) });
    await user.close({ isBrief: true });
    await withDatabase((database) =>
      database.put(Uint8Array.of(...bytes('w'), 0, 0, 0, 0), Uint8Array.of(255)),
    );
    const again = await openUser(store, 'joe');
    await expect(read(again, 1)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await expect(allFeatures(again)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await again.sizes();
    await expect(again.apply({ features: rows([1, 5, 5]) })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });
});

test('a store of format 1 is read as it is, and becomes format 2 when something waits in it', async () => {
  const user = await openUser(store, 'joe');
  await user.apply({ features: rows([1, 2, 3]) });
  await user.close();
  expect(await formatOf()).toEqual([2, 1]);
  await withDatabase((database) => database.put(bytes('v'), Uint8Array.of(1)));
  const reader = await openUser(store, 'joe');
  expect(await read(reader, 1)).toEqual([2, 3]);
  await reader.apply({ totals: { spamClassified: 1 } });
  await reader.close();
  expect(await formatOf()).toEqual([1]);
  const learner = await openUser(store, 'joe');
  await learner.apply({ features: rows([1, 1, 1]) });
  await learner.close({ isBrief: true });
  expect(await formatOf()).toEqual([2, 0]);
  expect(await read(await openUser(store, 'joe'), 1)).toEqual([3, 4]);
});
