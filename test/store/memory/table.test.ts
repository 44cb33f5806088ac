import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FeatureTable, saturate } from '../../../src/store/memory/table.ts';

function read(table: FeatureTable, key: number): [boolean, number, number] {
  const values = Int32Array.of(9, 9);
  return [table.read(key, values, 0), values[0] ?? NaN, values[1] ?? NaN];
}

describe('a table of features', () => {
  test('agrees with a map whatever is added', () => {
    const key = fc.oneof(
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 0, max: 255 }).map((high) => high * 2 ** 32),
    );
    const delta = fc.oneof(
      fc.integer({ min: -2, max: 2 }),
      fc.constantFrom(2147483647, -2147483648, 4194303, 4194304, -4194304),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(key, delta, delta), { maxLength: 400 }), (added) => {
        const table = new FeatureTable();
        const model = new Map<number, [number, number]>();
        for (const [at, a, b] of added) {
          const [oldA, oldB] = model.get(at) ?? [0, 0];
          model.set(at, [saturate(oldA + a), saturate(oldB + b)]);
          table.add(at, a, b);
        }
        expect(table.size).toBe(model.size);
        for (const [at, [a, b]] of model) expect(read(table, at)).toEqual([true, a, b]);
        const { keys, values } = table.rows();
        const records = [...model].filter(([, [a, b]]) => a !== 0 || b !== 0);
        expect(values).toHaveLength(2 * keys.length);
        expect(new Map(Array.from(keys, (at, i) => [at, [values[2 * i], values[2 * i + 1]]]))).toEqual(
          new Map(records),
        );
      }),
    );
  });

  test('tells a key with zeros from one that was never added', () => {
    const table = new FeatureTable();
    table.add(5, 0, 0);
    expect(read(table, 5)).toEqual([true, 0, 0]);
    expect(read(table, 6)).toEqual([false, 0, 0]);
    expect(table.rows().keys).toHaveLength(0);
  });

  test('forgets all when cleared', () => {
    const table = new FeatureTable(100);
    for (let key = 0; key < 100; key++) table.add(key, 1, 1);
    table.clear();
    expect(table.size).toBe(0);
    expect(read(table, 5)).toEqual([false, 0, 0]);
    table.add(5, 2, 3);
    expect(read(table, 5)).toEqual([true, 2, 3]);
  });

  test('does not grow when it was told what comes', () => {
    const table = new FeatureTable(3000);
    const { bytes } = table;
    for (let key = 0; key < 3000; key++) table.add(key, 1, 1);
    expect(table.bytes).toBe(bytes);
    expect(bytes).toBeLessThan(12 * 4100);
  });

  test.each([
    ['that count up', (i: number) => i],
    ['whose high bits alone differ', (i: number) => (i % 256) * 2 ** 32 + Math.floor(i / 256) * 2 ** 24],
    ['that are multiples of a power of two', (i: number) => i * 2 ** 20],
    ['that are four letters', (i: number) => 2 ** 33 + parseInt((i + 456_976).toString(26), 26) * 257],
  ])('holds 200,000 keys %s without long probes', (_, keyOf) => {
    const table = new FeatureTable();
    const start = performance.now();
    for (let i = 0; i < 200_000; i++) table.add(keyOf(i), 1, 0);
    const values = new Int32Array(2);
    for (let i = 0; i < 200_000; i++) table.read(keyOf(i), values, 0);
    // A table whose keys collide takes minutes.
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
