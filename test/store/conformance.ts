/**
 * The conformance suite of a store: every sentence of src/store/contract.ts as a case, run on every backend.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkSettings } from '../../src/config/settings.ts';
import { DspamFilter, dspamReading } from '../../src/judge/dspam-filter.ts';
import { readMessage } from '../../src/judge/reading.ts';
import { UserFilter } from '../../src/judge/userfilter.ts';
import {
  counters,
  type Change,
  type FeatureRows,
  type Note,
  type Store,
  type UserStore,
} from '../../src/store/contract.ts';

/** A backend under test. */
export interface Subject {
  readonly name: string;
  /** Whether any number of openers have a user at once, as on the backends that hosts share. */
  readonly shared?: boolean;
  /** A store of its own for each test; `reopen` gives another on the same data, or undefined if it keeps none. */
  create(): Promise<{ store: Store; reopen?: () => Promise<Store>; end(): Promise<void> }>;
}

const most = 2147483647;
const least = -2147483648;
const lastKey = 2 ** 40 - 1;

/** Rows from `[key, a, b]`. */
export function rows(...features: readonly (readonly [number, number, number])[]): FeatureRows {
  return {
    keys: Float64Array.from(features, ([key]) => key),
    values: Int32Array.from(features.flatMap(([, a, b]) => [a, b])),
  };
}

/** Bytes from text. */
export function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

/** Opens a user who is created if need be. */
export async function openUser(store: Store, name = 'joe@example.org'): Promise<UserStore> {
  const user = await store.open(name, { create: true });
  if (user === undefined) throw new Error(`${name} was not created`);
  return user;
}

/** `a` and `b` of each key, as an array. */
export async function read(user: UserStore, ...keys: number[]): Promise<number[]> {
  return Array.from(await user.readFeatures(Float64Array.from(keys)));
}

/** All features, by key. */
export async function allFeatures(user: UserStore): Promise<Map<number, [number, number]>> {
  const found = new Map<number, [number, number]>();
  for await (const { keys, values } of user.features()) {
    expect(values).toHaveLength(2 * keys.length);
    for (const [at, key] of keys.entries()) {
      expect(found.has(key)).toBe(false);
      found.set(key, [values[2 * at] ?? NaN, values[2 * at + 1] ?? NaN]);
    }
  }
  return found;
}

async function allUsers(store: Store): Promise<string[]> {
  const names: string[] = [];
  for await (const name of store.users()) names.push(name);
  return names.sort();
}

/** Runs the suite on a backend. */
export function conformance(subject: Subject): void {
  describe(`the ${subject.name} store keeps the contract`, () => {
    let made: Awaited<ReturnType<Subject['create']>>;
    let store: Store;
    let user: UserStore;

    beforeEach(async () => {
      made = await subject.create();
      store = made.store;
      user = await openUser(store);
    });

    // A case that a backend has not is not declared at all, because a skip means that something is not installed.
    const none = (): void => undefined;
    const forShared = subject.shared === true ? test : none;
    const forOwned = subject.shared === true ? none : test;

    afterEach(async () => {
      await store.close();
      await made.end();
    });

    describe('features', () => {
      test('read as zeros where there is no record', async () => {
        expect(await read(user, 1, 2)).toEqual([0, 0, 0, 0]);
        expect(await read(user)).toEqual([]);
      });

      test('are read in the order asked, repeated keys too', async () => {
        await user.apply({ features: rows([7, 1, 2], [3, 4, 5]) });
        expect(await read(user, 3, 9, 7, 3)).toEqual([4, 5, 0, 0, 1, 2, 4, 5]);
      });

      test('take the least and the greatest key and integer', async () => {
        await user.apply({ features: rows([0, most, least], [lastKey, least, most], [2 ** 32, -1, 1]) });
        expect(await read(user, 0, lastKey, 2 ** 32)).toEqual([most, least, least, most, -1, 1]);
      });

      test('change by what is added', async () => {
        await user.apply({ features: rows([5, 10, 1]) });
        await user.apply({ features: rows([5, -3, 2]) });
        expect(await read(user, 5)).toEqual([7, 3]);
      });

      test('whose keys repeat in a change add up', async () => {
        await user.apply({ features: rows([5, 1, 1], [6, 1, 0], [5, 2, 3]) });
        expect(await read(user, 5, 6)).toEqual([3, 4, 1, 0]);
      });

      test('saturate instead of wrapping around', async () => {
        await user.apply({ features: rows([5, most - 1, least + 1]) });
        await user.apply({ features: rows([5, 5, -5]) });
        expect(await read(user, 5)).toEqual([most, least]);
        await user.apply({ features: rows([6, most, least], [6, most, least]) });
        expect(await read(user, 6)).toEqual([most, least]);
      });

      test('vanish when both integers are zero, and not before', async () => {
        await user.apply({ features: rows([5, 2, 3], [6, 1, 0], [7, 0, 0], [8, 1, 1], [8, -1, -1]) });
        expect([...(await allFeatures(user)).keys()].sort()).toEqual([5, 6]);
        await user.apply({ features: rows([5, -2, 0], [6, -1, 0]) });
        expect(await allFeatures(user)).toEqual(new Map([[5, [0, 3]]]));
        await user.apply({ features: rows([5, 0, -3]) });
        expect(await allFeatures(user)).toEqual(new Map());
      });

      test('are all listed, each once', async () => {
        const many = Array.from({ length: 30_000 }, (_, i) => [i * 36_650_387, i + 1, 1 - i] as const);
        await user.apply({ features: rows(...many) });
        expect(await allFeatures(user)).toEqual(new Map(many.map(([key, a, b]) => [key, [a, b]])));
      });

      test('can be listed in part', async () => {
        await user.apply({ features: rows([5, 2, 3]) });
        for await (const { keys } of user.features()) {
          expect(keys).toHaveLength(1);
          break;
        }
        expect(await read(user, 5)).toEqual([2, 3]);
      });

      test.each([-1, 0.5, 2 ** 40, NaN, Infinity])('refuse the key %d', async (key) => {
        await expect(read(user, 1, key)).rejects.toMatchObject({ code: 'STORE_FAILED' });
        await expect(user.apply({ features: rows([key, 1, 1]) })).rejects.toMatchObject({
          code: 'STORE_FAILED',
        });
      });
    });

    describe('tokens', () => {
      const greatest = 2n ** 64n - 1n;
      const tokens = (...list: [bigint, number, number][]): Change => ({
        tokens: {
          keys: BigUint64Array.from(list, ([key]) => key),
          values: Int32Array.from(list.flatMap(([, spam, innocent]) => [spam, innocent])),
        },
      });
      const hits = async (...keys: bigint[]): Promise<number[]> =>
        Array.from(await user.readTokens(BigUint64Array.from(keys)));

      test('have 64 bits, read as zeros where there is no record, and add up', async () => {
        await user.apply(tokens([0n, 1, 2], [greatest, 3, most], [0n, 4, 0]));
        await user.apply(tokens([greatest, 1, 1], [2n ** 32n, -1, 0]));
        expect(await hits(greatest, 5n, 0n, 2n ** 32n)).toEqual([4, most, 0, 0, 5, 2, -1, 0]);
        expect(await read(user, 0)).toEqual([0, 0]);
      });

      test('are all listed, each once, those with two zeros not', async () => {
        await user.apply(tokens([7n, 1, 0], [greatest, 2, 3], [9n, 1, 1]));
        await user.apply(tokens([9n, -1, -1]));
        const found: [bigint, number[]][] = [];
        for await (const { keys, values } of user.tokens()) {
          for (const [at, key] of keys.entries()) found.push([key, [...values.subarray(2 * at, 2 * at + 2)]]);
        }
        found.sort(([a], [b]) => (a < b ? -1 : 1));
        expect(found).toEqual([
          [7n, [1, 0]],
          [greatest, [2, 3]],
        ]);
      });

      test('keep the latest day that was told, today unless one is', async () => {
        const told = (day: number): Change => ({
          tokens: {
            keys: BigUint64Array.of(7n),
            values: Int32Array.of(1, 0),
            days: Uint16Array.of(day),
          },
        });
        await user.apply(told(20_000));
        await user.apply(told(19_000));
        const today = Math.floor(Date.now() / 86_400_000);
        await user.apply(tokens([8n, 1, 0]));
        const days = new Map<bigint, number>();
        for await (const { keys, days: column } of user.tokens()) {
          for (const [at, key] of keys.entries()) days.set(key, column?.[at] ?? 0);
        }
        expect(days.get(7n)).toBe(20_000);
        expect(days.get(8n)).toBeGreaterThanOrEqual(today);
      });

      test('are listed on from behind one of them', async () => {
        const list = Array.from({ length: 30 }, (_, at): [bigint, number, number] => [
          (BigInt(at) * greatest) / 29n,
          at + 1,
          0,
        ]);
        await user.apply(tokens(...list));
        const all: bigint[] = [];
        for await (const { keys } of user.tokens()) all.push(...keys);
        expect(all).toHaveLength(30);
        for (const at of [0, 13, 28, 29]) {
          const rest: bigint[] = [];
          for await (const { keys } of user.tokens(all[at])) rest.push(...keys);
          expect(rest).toEqual(all.slice(at + 1));
        }
      });

      test('refuse columns of different lengths', async () => {
        const keys = BigUint64Array.of(1n);
        const days = { tokens: { keys, values: new Int32Array(2), days: new Uint16Array(2) } };
        await expect(user.apply(days)).rejects.toMatchObject({ code: 'STORE_FAILED' });
        const change = { tokens: { keys: new BigUint64Array(1), values: new Int32Array(1) } };
        await expect(user.apply(change)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      });
    });

    describe('totals', () => {
      test('read as 0 at first, all of them', async () => {
        expect(await user.totals()).toEqual(Object.fromEntries(counters.map((counter) => [counter, 0])));
      });

      test('add up, each by itself', async () => {
        for (const [at, counter] of counters.entries()) await user.apply({ totals: { [counter]: at + 1 } });
        await user.apply({ totals: { spamLearned: 300, innocentClassified: -2 } });
        const expected = Object.fromEntries(counters.map((counter, at) => [counter, at + 1]));
        expect(await user.totals()).toEqual({ ...expected, spamLearned: 301, innocentClassified: 6 });
      });

      test('refuse what is no integer', async () => {
        await expect(user.apply({ totals: { spamLearned: 0.5 } })).rejects.toMatchObject({
          code: 'STORE_FAILED',
        });
      });
    });

    describe('notes', () => {
      const key = bytes('id');

      test('are undefined until written, and read as written', async () => {
        expect(await user.note('signature', key)).toBeUndefined();
        await user.apply({ notes: [{ space: 'signature', key, value: bytes('text') }] });
        expect(await user.note('signature', key)).toEqual(bytes('text'));
      });

      test('of one space are not those of the other', async () => {
        await user.apply({ notes: [{ space: 'signature', key, value: bytes('text') }] });
        expect(await user.note('learned', key)).toBeUndefined();
      });

      test('are replaced and removed; the last of a change counts', async () => {
        await user.apply({ notes: [{ space: 'learned', key, value: bytes('one') }] });
        await user.apply({
          notes: [
            { space: 'learned', key, value: undefined },
            { space: 'learned', key, value: bytes('two') },
          ],
        });
        expect(await user.note('learned', key)).toEqual(bytes('two'));
        await user.apply({ notes: [{ space: 'learned', key, value: undefined }] });
        expect(await user.note('learned', key)).toBeUndefined();
      });

      test('may be empty or 16 KiB long, under keys of 1 to 64 bytes of any value', async () => {
        const long = Uint8Array.from({ length: 64 }, (_, i) => 255 - i);
        const full = Uint8Array.from({ length: 16 * 1024 }, (_, i) => i);
        await user.apply({
          notes: [
            { space: 'learned', key: Uint8Array.of(0), value: new Uint8Array() },
            { space: 'learned', key: long, value: full },
          ],
        });
        expect(await user.note('learned', Uint8Array.of(0))).toEqual(new Uint8Array());
        expect(new Uint8Array((await user.note('learned', long)) ?? [])).toEqual(full);
      });

      test.each([
        ['an empty key', new Uint8Array(), new Uint8Array(), undefined],
        ['a key of 65 bytes', new Uint8Array(65), new Uint8Array(), undefined],
        ['a note over 16 KiB', new Uint8Array(1), new Uint8Array(16 * 1024 + 1), undefined],
        ['an expiry that is no time', new Uint8Array(1), new Uint8Array(), NaN],
      ])('refuse %s', async (_, wrongKey, value, expires) => {
        const note = { space: 'learned', key: wrongKey, value, expires } as const;
        await expect(user.apply({ notes: [note] })).rejects.toMatchObject({ code: 'STORE_FAILED' });
      });

      test('refuse to be read by an impossible key', async () => {
        await expect(user.note('learned', new Uint8Array())).rejects.toMatchObject({ code: 'STORE_FAILED' });
      });

      test('do not change with the bytes that were handed over or returned', async () => {
        const value = Buffer.from('text');
        const applied = user.apply({ notes: [{ space: 'learned', key, value }] });
        value.fill(0);
        await applied;
        (await user.note('learned', key))?.fill(0);
        expect(await user.note('learned', key)).toEqual(bytes('text'));
      });

      test('have expired from their last second on', async () => {
        await user.apply({ notes: [{ space: 'signature', key, value: bytes('text'), expires: 1000 }] });
        expect(await user.note('signature', key, 999)).toEqual(bytes('text'));
        expect(await user.note('signature', key, 1000)).toBeUndefined();
        expect(await user.note('signature', key)).toBeUndefined();
      });

      test('are all listed, each once, with their expiry', async () => {
        const written = Array.from({ length: 700 }, (_, i) => ({
          space: (['signature', 'learned', 'preference'] as const)[i % 3] ?? 'learned',
          key: Uint8Array.of(i >> 8, i & 255),
          value: bytes(`note ${i}`),
          expires: i % 4 === 0 ? undefined : 1000 + i,
        }));
        await user.apply({ notes: written });
        const found: Note[] = [];
        for await (const chunk of user.notes()) found.push(...chunk);
        const order = ({ key: [high = 0, low = 0] }: Note): number => 256 * high + low;
        found.sort((one, other) => order(one) - order(other));
        expect(found).toEqual(written);
      });

      test('that are purged are gone, and no others', async () => {
        const notes = Array.from({ length: 1000 }, (_, i) => ({
          space: 'signature' as const,
          key: bytes(`note ${i}`),
          value: bytes('text'),
          expires: i % 4 === 0 ? undefined : 1000 + (i % 4),
        }));
        await user.apply({ notes, features: rows([1, 2, 3]), totals: { spamLearned: 1 } });
        expect(await user.purge(1002)).toBe(500);
        expect(await user.purge(1002)).toBe(0);
        const left = await Promise.all(notes.map((note) => user.note('signature', note.key, 0)));
        expect(left.map((note) => note !== undefined)).toEqual(
          notes.map((_, i) => i % 4 === 0 || i % 4 === 3),
        );
        expect(await read(user, 1)).toEqual([2, 3]);
        expect((await user.totals()).spamLearned).toBe(1);
      });
    });

    describe('a change', () => {
      const good: Change = {
        features: rows([1, 1, 1]),
        totals: { spamLearned: 1 },
        notes: [{ space: 'learned', key: bytes('k'), value: bytes('v') }],
      };

      const faults: [string, Change][] = [
        ['a wrong key', { ...good, features: rows([1, 1, 1], [-1, 1, 1]) }],
        [
          'too few integers',
          { ...good, features: { keys: Float64Array.of(1, 2), values: Int32Array.of(1, 1) } },
        ],
        ['a wrong total', { ...good, totals: { spamLearned: 1, innocentLearned: NaN } }],
        [
          'a wrong note',
          { ...good, notes: [...(good.notes ?? []), { space: 'learned', key: bytes(''), value: undefined }] },
        ],
      ];

      test.each(faults)('with %s is applied in no part', async (_, change) => {
        await expect(user.apply(change)).rejects.toMatchObject({ code: 'STORE_FAILED' });
        expect(await allFeatures(user)).toEqual(new Map());
        expect((await user.totals()).spamLearned).toBe(0);
        expect(await user.note('learned', bytes('k'))).toBeUndefined();
      });

      test('is applied only where notes are as it expects', async () => {
        const key = bytes('k');
        const expecting = async (value: string | undefined, more: Change = {}): Promise<void> => {
          const expects = [
            { space: 'learned', key, value: value === undefined ? undefined : bytes(value) },
          ] as const;
          await user.apply({ ...good, ...more, expects });
        };
        const changed = { code: 'STORE_CHANGED' };
        await expect(expecting('v')).rejects.toMatchObject(changed);
        await expecting(undefined);
        await expect(expecting(undefined)).rejects.toMatchObject(changed);
        await expect(expecting('vv')).rejects.toMatchObject(changed);
        await expect(expecting('')).rejects.toMatchObject(changed);
        expect(await read(user, 1)).toEqual([1, 1]);
        await expecting('v', { notes: [{ space: 'learned', key, value: bytes('') }] });
        await expect(expecting(undefined)).rejects.toMatchObject(changed);
        await expecting('', { notes: [{ space: 'learned', key, value: undefined }] });
        await expecting(undefined);
        expect((await user.totals()).spamLearned).toBe(4);
        expect(await user.note('learned', key)).toEqual(bytes('v'));
      });

      test('that others expect alike is applied once', async () => {
        const expects = [{ space: 'learned', key: bytes('k'), value: undefined }] as const;
        const tries = Array.from({ length: 8 }, () => user.apply({ ...good, expects }, { durable: true }));
        const results = await Promise.allSettled(tries);
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        expect(await read(user, 1)).toEqual([1, 1]);
      });

      test('without anything in it is allowed', async () => {
        await user.apply({});
        await user.apply({ features: rows(), totals: {}, notes: [] }, { durable: true });
        expect(await allFeatures(user)).toEqual(new Map());
      });

      test('is not lost to another at the same time', async () => {
        await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            user.apply(
              { features: rows([1, 1, -1], [i + 2, 1, 0]), totals: { spamLearned: 1 } },
              { durable: i % 10 === 0 },
            ),
          ),
        );
        expect(await read(user, 1)).toEqual([50, -50]);
        expect((await user.totals()).spamLearned).toBe(50);
        expect((await allFeatures(user)).size).toBe(51);
      });

      test('does not stop those after it when it fails', async () => {
        const wrong = user.apply({ features: rows([-1, 1, 1]) });
        const right = user.apply(good);
        await expect(wrong).rejects.toMatchObject({ code: 'STORE_FAILED' });
        await right;
        expect(await read(user, 1)).toEqual([1, 1]);
      });
    });

    test('agrees with a map whatever is applied', async () => {
      const key = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(65536, 131072, lastKey, 2 ** 39));
      const delta = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(most, least, 70_000));
      const change = fc.array(fc.tuple(key, delta, delta), { maxLength: 8 });
      let names = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
          const other = await openUser(store, `property ${names++}`);
          const model = new Map<number, [number, number]>();
          for (const features of changes) {
            await other.apply({ features: rows(...features) });
            for (const [at, [a, b]] of summed(features)) {
              const [oldA, oldB] = model.get(at) ?? [0, 0];
              const sum: [number, number] = [clamp(oldA + a), clamp(oldB + b)];
              if (sum[0] === 0 && sum[1] === 0) model.delete(at);
              else model.set(at, sum);
            }
          }
          expect(await allFeatures(other)).toEqual(model);
          const keys = [...model.keys()];
          expect(await read(other, ...keys)).toEqual(keys.flatMap((at) => model.get(at)));
          await other.close();
        }),
        { numRuns: 60 },
      );
    });

    describe('sizes', () => {
      test('grow with features and with notes apart', async () => {
        const before = await user.sizes();
        const many = Array.from({ length: 20_000 }, (_, i) => [i * 36_650_387, i, i] as const);
        await user.apply({ features: rows(...many) });
        const features = await user.sizes();
        expect(features.featureBytes - before.featureBytes).toBeGreaterThan(20_000 * 4);
        expect(features.featureBytes - before.featureBytes).toBeLessThan(20_000 * 128);
        expect(features.noteBytes - before.noteBytes).toBeLessThan(8192);
        const notes = Array.from({ length: 100 }, (_, i) => ({
          space: 'signature' as const,
          key: Uint8Array.of(i),
          value: new Uint8Array(4096).fill(i),
        }));
        await user.apply({ notes });
        const both = await user.sizes();
        expect(Math.abs(both.noteBytes - 100 * 4096)).toBeLessThan(40_000);
        expect(Math.abs(both.featureBytes - features.featureBytes)).toBeLessThan(8192);
      });
    });

    describe('users', () => {
      test('are undefined while unknown, and listed once created', async () => {
        expect(await store.open('jane@example.org', { create: false })).toBeUndefined();
        expect(await allUsers(store)).toEqual(['joe@example.org']);
        await openUser(store, 'jane@example.org');
        expect(await allUsers(store)).toEqual(['jane@example.org', 'joe@example.org']);
      });

      const strange = [
        '../../etc/x',
        '$(id)',
        'Joe',
        'joe',
        '.',
        '..',
        'ä',
        '\ud800',
        '\ud801',
        '\0',
        'x'.repeat(300),
        'X'.repeat(300),
      ];
      test('of any name are kept apart', async () => {
        for (const [at, name] of strange.entries()) {
          const other = await openUser(store, name);
          await other.apply({ features: rows([1, at + 1, 0]) });
          await other.close();
        }
        for (const [at, name] of strange.entries()) {
          const other = await store.open(name, { create: false });
          expect(other && (await read(other, 1))).toEqual([at + 1, 0]);
        }
        expect(await allUsers(store)).toEqual([...strange, 'joe@example.org'].sort());
      });

      test('without a name are refused', async () => {
        await expect(store.open('', { create: true })).rejects.toMatchObject({ code: 'USER' });
        await expect(store.remove('')).rejects.toMatchObject({ code: 'USER' });
      });

      test('keep what they have between two openings', async () => {
        await user.apply({ features: rows([1, 2, 3]), totals: { spamLearned: 4 } });
        await user.apply({ notes: [{ space: 'learned', key: bytes('k'), value: bytes('v') }] });
        await user.close();
        const again = await store.open('joe@example.org', { create: false });
        expect(again && (await allFeatures(again))).toEqual(new Map([[1, [2, 3]]]));
        expect((await again?.totals())?.spamLearned).toBe(4);
        expect(await again?.note('learned', bytes('k'))).toEqual(bytes('v'));
      });

      test('keep what they have when closed for a moment', async () => {
        await user.apply({ features: rows([1, 2, 3]), totals: { spamLearned: 4 } });
        await user.close({ isBrief: true });
        const again = await openUser(store);
        await again.apply({ features: rows([1, 1, 0], [2, 1, 0]) });
        expect(await read(again, 1, 2)).toEqual([3, 3, 1, 0]);
        expect((await again.totals()).spamLearned).toBe(4);
      });

      test('lose all when removed, and come back empty', async () => {
        await user.apply({ features: rows([1, 2, 3]), totals: { spamLearned: 4 } });
        await user.close();
        expect(await store.remove('joe@example.org')).toBe(true);
        expect(await store.remove('joe@example.org')).toBe(false);
        expect(await allUsers(store)).toEqual([]);
        expect(await store.open('joe@example.org', { create: false })).toBeUndefined();
        const again = await openUser(store);
        expect(await allFeatures(again)).toEqual(new Map());
        expect((await again.totals()).spamLearned).toBe(0);
      });

      forShared('that are open can be opened again, and nothing that either learns is lost', async () => {
        const other = await openUser(store);
        await Promise.all(
          [user, other, user, other].map((one, at) =>
            one.apply({ features: rows([1, 1, -1], [at + 2, 1, 0]), totals: { spamLearned: 1 } }),
          ),
        );
        for (const one of [user, other]) {
          expect(await read(one, 1, 5)).toEqual([4, -4, 1, 0]);
          expect((await one.totals()).spamLearned).toBe(4);
        }
      });

      forShared('learn a message once that several openers tell at the same time', async () => {
        const openers = await Promise.all(Array.from({ length: 4 }, () => openUser(store)));
        const message = Buffer.from('Subject: offer\n\nBuy the thing today.\n');
        const reading = await readMessage(message);
        const settings = checkSettings({}, 'the test');
        const learnings = await Promise.all(
          openers.map((one) => new UserFilter(one, settings).learn(reading, true, 'error')),
        );
        expect(learnings.toSorted()).toEqual(['duplicate', 'duplicate', 'duplicate', 'learned']);
        expect(await user.totals()).toMatchObject({ spamLearned: 1, spamMisclassified: 1 });
        const dspam = dspamReading(message, reading);
        const others = await Promise.all(
          openers.map((one) => new DspamFilter(one, settings).learn(dspam, true, 'error')),
        );
        expect(others.toSorted()).toEqual(['duplicate', 'duplicate', 'duplicate', 'learned']);
        expect(await user.totals()).toMatchObject({ dspamSpamLearned: 1 });
      });

      forShared('that are removed while open refuse changes', async () => {
        expect(await store.remove('joe@example.org')).toBe(true);
        const change = { features: rows([1, 1, 1]), totals: { spamLearned: 1 } };
        await expect(user.apply(change)).rejects.toMatchObject({ code: 'STORE_FAILED' });
        expect(await allFeatures(await openUser(store))).toEqual(new Map());
      });

      forOwned('that are open cannot be opened or removed, until closed within the wait', async () => {
        await expect(store.open('joe@example.org', { create: false })).rejects.toMatchObject({
          code: 'STORE_LOCKED',
        });
        await expect(store.remove('joe@example.org', { wait: 30 })).rejects.toMatchObject({
          code: 'STORE_LOCKED',
        });
        const waiting = store.open('joe@example.org', { create: false, wait: 5000 });
        setTimeout(() => void user.close(), 60);
        await (await waiting)?.apply({ features: rows([1, 1, 1]) });
      });

      forOwned('wait no longer than they are told', async () => {
        const start = performance.now();
        await expect(openWaiting(store, 150)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
        expect(performance.now() - start).toBeGreaterThanOrEqual(149);
        expect(performance.now() - start).toBeLessThan(1500);
      });
    });

    describe('closing', () => {
      test('twice is allowed, and nothing works after', async () => {
        await user.apply({ features: rows([1, 1, 1]) });
        await Promise.all([user.close(), user.close()]);
        await user.close();
        const closed = { code: 'STORE_FAILED' };
        await expect(read(user, 1)).rejects.toMatchObject(closed);
        await expect(allFeatures(user)).rejects.toMatchObject(closed);
        await expect(user.totals()).rejects.toMatchObject(closed);
        await expect(user.note('learned', bytes('k'))).rejects.toMatchObject(closed);
        await expect(user.apply({ totals: { spamLearned: 1 } })).rejects.toMatchObject(closed);
        await expect(user.purge(1)).rejects.toMatchObject(closed);
        await expect(user.sizes()).rejects.toMatchObject(closed);
      });

      test('waits for the changes that were asked for', async () => {
        const applied = user.apply({ features: rows([1, 1, 1]) });
        await user.close();
        await applied;
        const again = await openUser(store);
        expect(await read(again, 1)).toEqual([1, 1]);
      });

      test('the store closes its users', async () => {
        await store.close();
        await store.close();
        await expect(user.totals()).rejects.toMatchObject({ code: 'STORE_FAILED' });
        await expect(store.open('joe@example.org', { create: true })).rejects.toMatchObject({
          code: 'STORE_FAILED',
        });
        await expect(allUsers(store)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      });

      test('leaves everything to the next store, where the backend keeps data', async () => {
        await user.apply({ features: rows([1, 2, 3]) });
        await store.close();
        if (made.reopen === undefined) return;
        store = await made.reopen();
        const again = await store.open('joe@example.org', { create: false });
        expect(again && (await read(again, 1))).toEqual([2, 3]);
      });
    });
  });
}

async function openWaiting(store: Store, wait: number): Promise<UserStore | undefined> {
  return store.open('joe@example.org', { create: false, wait });
}

function clamp(sum: number): number {
  return Math.min(most, Math.max(least, sum));
}

/** The deltas of a change by key; repeated keys saturate one after another. */
function summed(features: readonly (readonly [number, number, number])[]): Map<number, [number, number]> {
  const sums = new Map<number, [number, number]>();
  for (const [key, a, b] of features) {
    const [oldA, oldB] = sums.get(key) ?? [0, 0];
    sums.set(key, [clamp(oldA + a), clamp(oldB + b)]);
  }
  return sums;
}
