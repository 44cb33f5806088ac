import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addEntry,
  addToBucket,
  bucketOf,
  decodeBucket,
  deltasOf,
  encodeBucket,
  highOf,
  keyOf,
  type Entry,
} from '../../../src/store/level/buckets.ts';
import { FeatureTable, saturate } from '../../../src/store/memory/table.ts';

const int32 = fc.integer({ min: -2147483648, max: 2147483647 });
const entries = fc
  .uniqueArray(
    fc.record({
      high: fc.integer({ min: 0, max: 2 ** 24 - 1 }),
      a: int32,
      b: fc.oneof(int32, fc.constant(0)),
    }),
    {
      selector: ({ high }) => high,
    },
  )
  .map((unsorted) =>
    unsorted.filter(({ a, b }) => a !== 0 || b !== 0).sort((one, other) => one.high - other.high),
  );

describe('a bucket', () => {
  test('and the high bits give the key back', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat().map((n) => n % 2 ** 40),
        (key) => {
          expect(bucketOf(key)).toBeGreaterThanOrEqual(0);
          expect(bucketOf(key)).toBeLessThan(65536);
          expect(keyOf(bucketOf(key), highOf(key))).toBe(key);
        },
      ),
    );
  });

  test('is written as documented', () => {
    const bytes = encodeBucket([
      { high: 0x010203, a: 1, b: 0 },
      { high: 0x0a0b0c, a: -2000, b: 300 },
    ]);
    // 2 × 2 + 0 | 2 × 3999 + 1 = 62 × 128 + 63, 600 = 4 × 128 + 88
    expect(Array.from(bytes ?? [])).toEqual([1, 2, 3, 4, 10, 11, 12, 128 + 63, 62, 128 + 88, 4]);
  });

  test('reads as written', () => {
    fc.assert(
      fc.property(entries, (some) => {
        expect(decodeBucket(encodeBucket(some) ?? new Uint8Array())).toEqual(some);
      }),
    );
  });

  test('gives one entry as it gives all', () => {
    fc.assert(
      fc.property(entries, fc.nat({ max: 2 ** 24 - 1 }), (some, other) => {
        const bytes = encodeBucket(some) ?? new Uint8Array();
        for (const high of [other, ...some.map((entry) => entry.high)]) {
          const values = Int32Array.of(7, 7, -7);
          addEntry(bytes, high, values, 1);
          const { a, b } = some.find((candidate) => candidate.high === high) ?? { a: 0, b: 0 };
          expect(Array.from(values)).toEqual([7, saturate(7 + a), saturate(-7 + b)]);
        }
      }),
    );
  });

  test('without entries is no record', () => {
    expect(encodeBucket([])).toBeUndefined();
    const one = encodeBucket([{ high: 1, a: 1, b: 0 }]) ?? new Uint8Array();
    expect(addToBucket(one, [{ high: 1, a: -1, b: 0 }])).toBeUndefined();
  });

  test('has the sums after deltas are added, in order, without those that became zero', () => {
    fc.assert(
      fc.property(entries, entries, fc.nat({ max: 3 }), (some, others, taken) => {
        const deltas = [...others, ...some.slice(0, taken).map(({ high, a, b }) => ({ high, a: -a, b: -b }))]
          .filter(({ high }, at, all) => all.findIndex((one) => one.high === high) === at)
          .sort((one, other) => one.high - other.high);
        const sums = new Map(some.map((entry): [number, Entry] => [entry.high, entry]));
        for (const { high, a, b } of deltas) {
          const before = sums.get(high) ?? { a: 0, b: 0 };
          sums.set(high, { high, a: saturate(before.a + a), b: saturate(before.b + b) });
        }
        const wanted = [...sums.values()]
          .filter(({ a, b }) => a !== 0 || b !== 0)
          .sort((one, other) => one.high - other.high);
        const sum = addToBucket(encodeBucket(some) ?? new Uint8Array(), deltas) ?? new Uint8Array();
        expect(decodeBucket(sum)).toEqual(wanted);
      }),
    );
  });

  test('gets its share of the features of a table, in order', () => {
    const keys = fc.uniqueArray(
      fc.oneof(
        fc.nat({ max: 3 }),
        fc.nat({ max: 3 }).map((n) => n * 65_536),
      ),
    );
    fc.assert(
      fc.property(keys, (some) => {
        const table = new FeatureTable();
        for (const key of some) table.add(key, key + 1, 7);
        const all = [...deltasOf(table)];
        expect(all.map(({ bucket }) => bucket)).toEqual(
          [...new Set(some.map(bucketOf))].sort((one, other) => one - other),
        );
        for (const { bucket, entries: found } of all) {
          expect(found.map(({ high }) => high)).toEqual(
            some
              .filter((key) => bucketOf(key) === bucket)
              .map(highOf)
              .sort((one, other) => one - other),
          );
          for (const { high, a, b } of found) expect([a - 1, b]).toEqual([keyOf(bucket, high), 7]);
        }
      }),
    );
  });

  test('that is cut, out of order or too large is refused', () => {
    const bytes = encodeBucket([{ high: 1, a: -2000, b: 300 }]) ?? new Uint8Array();
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decodeBucket(bytes.subarray(0, length))).toThrow(RangeError);
      const cut = bytes.subarray(0, length);
      expect(() => {
        addEntry(cut, 2 ** 24 - 1, new Int32Array(2), 0);
      }).toThrow(RangeError);
      expect(() => addToBucket(cut, [{ high: 2, a: 1, b: 0 }])).toThrow(RangeError);
    }
    expect(decodeBucket(addToBucket(bytes, [{ high: 2, a: 1, b: 0 }]) ?? new Uint8Array())).toHaveLength(2);
    expect(() => decodeBucket(Uint8Array.of(0, 0, 2, 4, 0, 0, 1, 4))).toThrow(RangeError);
    expect(() => decodeBucket(Uint8Array.of(0, 0, 1, 4, 0, 0, 1, 4))).toThrow(RangeError);
    expect(() => decodeBucket(Uint8Array.of(0, 0, 1, 254, 255, 255, 255, 255, 1))).toThrow(RangeError);
    expect(() => decodeBucket(new Uint8Array(40).fill(255))).toThrow(RangeError);
  });

  test.each([
    ['of the high bits', (i: number) => i * 2 ** 24 + 77],
    ['of the low bits', (i: number) => 2 ** 39 + i],
    ['of both', (i: number) => (i % 256) * 2 ** 24 + Math.floor(i / 256)],
  ])('is not much fuller than others when keys differ in some %s only', (_, key) => {
    const counts = new Uint32Array(65536);
    for (let i = 0; i < 65536; i++) {
      const bucket = bucketOf(key(i));
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    expect(Math.max(...counts)).toBeLessThan(16);
  });
});
