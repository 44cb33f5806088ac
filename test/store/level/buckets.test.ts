import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addToBucket,
  bucketOf,
  decodeBucket,
  encodeBucket,
  highOf,
  keyOf,
  readEntry,
} from '../../../src/store/level/buckets.ts';

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
          const values = new Int32Array(3);
          readEntry(bytes, high, values, 1);
          const entry = some.find((candidate) => candidate.high === high);
          expect(Array.from(values)).toEqual([0, entry?.a ?? 0, entry?.b ?? 0]);
        }
      }),
    );
  });

  test('without entries is no record', () => {
    expect(encodeBucket([])).toBeUndefined();
    expect(addToBucket([{ high: 1, a: 1, b: 0 }], [{ high: 1, a: -1, b: 0 }])).toEqual([]);
  });

  test('stays in order when entries are added', () => {
    const sum = addToBucket(
      [{ high: 5, a: 1, b: 1 }],
      [
        { high: 9, a: 1, b: 0 },
        { high: 2, a: 0, b: 1 },
      ],
    );
    expect(sum.map(({ high }) => high)).toEqual([2, 5, 9]);
  });

  test('that is cut, out of order or too large is refused', () => {
    const bytes = encodeBucket([{ high: 1, a: -2000, b: 300 }]) ?? new Uint8Array();
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decodeBucket(bytes.subarray(0, length))).toThrow(RangeError);
      expect(() => {
        readEntry(bytes.subarray(0, length), 2 ** 24 - 1, new Int32Array(2), 0);
      }).toThrow(RangeError);
    }
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
