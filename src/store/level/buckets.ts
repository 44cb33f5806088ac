/**
 * How LevelDB holds features: 65,536 buckets, each one LevelDB record of some features.
 *
 * A record of its own for each feature took 16.1 bytes (LevelDB adds 11 to 12 to each key and value, and a bit
 * of index and Bloom filter), a bucket record shares them: 8.0 bytes a feature at 500,000 features.
 *
 * A key of 40 bits is split into its high 24 bits and its low 16. The bucket's number is the low 16, exclusive or'd with a
 * hash of the high 24: buckets fill evenly whichever bits of a key are random. A bucket's value is its entries in
 * ascending order of their high 24 bits, each
 *
 *     3 bytes   the high 24 bits of the key, big-endian
 *     varint    2 × zigzag(a) + (1 if b follows, else 0)
 *     varint    zigzag(b), only if b is not 0
 *
 * Invariant: no entry has two zeros, and no bucket is empty; it is deleted instead.
 *
 * Limit: a write rewrites the buckets concerned, so beyond some ten million features of one user (150 a bucket, 1 KB)
 * learning writes more than it needs.
 */
import { saturate } from '../memory/table.ts';
import { ByteReader, ByteWriter, unzigzag, zigzag } from './bytes.ts';

/** Bytes of an entry before its varints. */
const idBytes = 3;

/** One feature in a bucket, or a delta to it. */
export interface Entry {
  /** The high 24 bits of the key. */
  readonly high: number;
  readonly a: number;
  readonly b: number;
}

/** The high 24 bits of a key. */
export function highOf(key: number): number {
  return Math.floor(key / 65536);
}

/** The bucket of a key, 0 to 65,535. */
export function bucketOf(key: number): number {
  return (key % 65536) ^ scramble(highOf(key));
}

/** The key that has these high bits in this bucket. */
export function keyOf(bucket: number, high: number): number {
  return high * 65536 + (bucket ^ scramble(high));
}

function scramble(high: number): number {
  return Math.imul(high, 0x9e3779b1) >>> 16;
}

/** @throws RangeError if the bytes are no bucket. */
export function decodeBucket(bytes: Uint8Array): Entry[] {
  const reader = new ByteReader(bytes);
  const entries: Entry[] = [];
  let previous = -1;
  while (!reader.done) {
    const high = reader.uint24();
    if (high <= previous) throw new RangeError('The entries of a bucket are not in order.');
    previous = high;
    const first = reader.varint();
    const hasB = first % 2;
    const a = unzigzag((first - hasB) / 2);
    const b = hasB === 1 ? unzigzag(reader.varint()) : 0;
    if (a !== saturate(a) || b !== saturate(b)) throw new RangeError('An integer of a bucket is too large.');
    entries.push({ high, a, b });
  }
  return entries;
}

/**
 * Reads `a` and `b` of one feature into `values` at `at` and `at + 1`; leaves them if the bucket does not have it.
 *
 * It steps over the other entries without decoding them, because this is what a judgement spends its time on.
 *
 * @throws RangeError if the bytes are no bucket.
 */
export function readEntry(bytes: Uint8Array, high: number, values: Int32Array, at: number): void {
  let start = 0;
  while (start < bytes.length) {
    const found = ((bytes[start] ?? 0) << 16) | ((bytes[start + 1] ?? 0) << 8) | (bytes[start + 2] ?? 0);
    let end = start + idBytes;
    if (end >= bytes.length) throw new RangeError('A bucket ends in the middle.');
    if (found > high) return;
    const hasB = ((bytes[end] ?? 0) & 1) === 1;
    while ((bytes[end++] ?? 0) > 127);
    if (hasB) while ((bytes[end++] ?? 0) > 127);
    if (end > bytes.length) throw new RangeError('A bucket ends in the middle.');
    if (found === high) {
      const [entry] = decodeBucket(bytes.subarray(start, end));
      values[at] = entry?.a ?? 0;
      values[at + 1] = entry?.b ?? 0;
      return;
    }
    start = end;
  }
}

const writer = new ByteWriter();

/** The bytes of entries that are in order; undefined if there are none. */
export function encodeBucket(entries: readonly Entry[]): Uint8Array | undefined {
  for (const { high, a, b } of entries) {
    writer.uint24(high);
    writer.varint(2 * zigzag(a) + (b === 0 ? 0 : 1));
    if (b !== 0) writer.varint(zigzag(b));
  }
  return entries.length === 0 ? undefined : writer.take();
}

/** The entries with deltas added, in order, without those that became zero. The high bits of deltas do not repeat. */
export function addToBucket(entries: readonly Entry[], deltas: readonly Entry[]): Entry[] {
  const sums = new Map(entries.map((entry) => [entry.high, entry]));
  for (const delta of deltas) {
    const { a, b } = sums.get(delta.high) ?? { a: 0, b: 0 };
    sums.set(delta.high, { high: delta.high, a: saturate(a + delta.a), b: saturate(b + delta.b) });
  }
  return [...sums.values()]
    .filter(({ a, b }) => a !== 0 || b !== 0)
    .sort((one, other) => one.high - other.high);
}
