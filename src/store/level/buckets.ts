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
 * Limit: a write rewrites the buckets concerned, so changes of many features wait for each other (backlog.ts); beyond some ten
 * million features of one user (150 a bucket, 1 KB) learning writes more than it needs all the same.
 */
import { saturate, type FeatureTable } from '../memory/table.ts';
import { ByteReader, ByteWriter, unzigzag, zigzag } from './bytes.ts';

/** Bytes of an entry before its varints. */
const idBytes = 3;
/** How many values the high bits have. */
const highs: number = 2 ** 24;

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

/** A bucket's deltas: in ascending order of their high bits, which do not repeat. */
export interface Deltas {
  readonly bucket: number;
  readonly entries: readonly Entry[];
}

/** The features of a table as deltas, bucket after bucket in ascending order. */
export function* deltasOf(table: FeatureTable): Generator<Deltas> {
  const order = table.rows().keys.map((key) => bucketOf(key) * highs + highOf(key));
  order.sort();
  const values = new Int32Array(2);
  let bucket = -1;
  let entries: Entry[] = [];
  for (const place of order) {
    const at = Math.floor(place / highs);
    if (at !== bucket) {
      if (entries.length > 0) yield { bucket, entries };
      bucket = at;
      entries = [];
    }
    const high = place % highs;
    table.read(keyOf(bucket, high), values, 0);
    entries.push({ high, a: values[0] ?? 0, b: values[1] ?? 0 });
  }
  if (entries.length > 0) yield { bucket, entries };
}

function scramble(high: number): number {
  return Math.imul(high, 0x9e3779b1) >>> 16;
}

/** @throws RangeError if the bytes are no bucket. */
export function decodeBucket(bytes: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  eachEntry(bytes, (high, a, b) => entries.push({ high, a, b }));
  return entries;
}

/** So many entries are in a bucket of so many bytes at most. */
export function mostEntries(bytes: number): number {
  return Math.floor(bytes / (idBytes + 1));
}

/**
 * Gives away each entry of a bucket in their order.
 *
 * @throws RangeError if the bytes are no bucket.
 */
export function eachEntry(bytes: Uint8Array, take: (high: number, a: number, b: number) => void): void {
  const reader = new ByteReader(bytes);
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
    take(high, a, b);
  }
}

/**
 * Reads `a` and `b` of one feature and adds them to `values` at `at` and `at + 1`, which saturate; leaves them if the bucket does
 * not have it.
 *
 * It steps over the other entries without decoding them, because this is what a judgement spends its time on.
 *
 * @throws RangeError if the bytes are no bucket.
 */
export function addEntry(bytes: Uint8Array, high: number, values: Int32Array, at: number): void {
  for (let start = 0; start < bytes.length;) {
    const end = endOf(bytes, start);
    const found = highAt(bytes, start);
    if (found > high) return;
    if (found === high) {
      const { a, b } = entryOf(bytes.subarray(start, end));
      values[at] = saturate((values[at] ?? 0) + a);
      values[at + 1] = saturate((values[at + 1] ?? 0) + b);
      return;
    }
    start = end;
  }
}

function highAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}

/** Where the entry that begins at `start` ends. */
function endOf(bytes: Uint8Array, start: number): number {
  let end = start + idBytes;
  const hasB = ((bytes[end] ?? 0) & 1) === 1;
  while ((bytes[end++] ?? 0) > 127);
  if (hasB) while ((bytes[end++] ?? 0) > 127);
  if (end > bytes.length) throw new RangeError('A bucket ends in the middle.');
  return end;
}

function entryOf(bytes: Uint8Array): Entry {
  const [entry] = decodeBucket(bytes);
  if (entry === undefined) throw new RangeError('A bucket ends in the middle.');
  return entry;
}

const writer = new ByteWriter();

/** The bytes of entries that are in order; undefined if there are none. */
export function encodeBucket(entries: readonly Entry[]): Uint8Array | undefined {
  return addToBucket(new Uint8Array(), entries);
}

/**
 * A bucket with deltas added, without the entries that became zero; undefined if there are none left. What is between the deltas is
 * copied as it is.
 *
 * @param deltas In ascending order of their high bits, which do not repeat.
 * @throws RangeError if the bytes are no bucket.
 */
export function addToBucket(bytes: Uint8Array, deltas: readonly Entry[]): Uint8Array | undefined {
  writer.clear();
  let at = 0;
  for (const { high, a, b } of deltas) {
    const copied = at;
    while (at < bytes.length && highAt(bytes, at) < high) at = endOf(bytes, at);
    writer.bytes(bytes.subarray(copied, at));
    let before = { a: 0, b: 0 };
    if (at < bytes.length && highAt(bytes, at) === high) {
      const end = endOf(bytes, at);
      before = entryOf(bytes.subarray(at, end));
      at = end;
    }
    writeEntry({ high, a: saturate(before.a + a), b: saturate(before.b + b) });
  }
  writer.bytes(bytes.subarray(at));
  const sum = writer.take();
  return sum.length === 0 ? undefined : sum;
}

function writeEntry({ high, a, b }: Entry): void {
  if (a === 0 && b === 0) return;
  writer.uint24(high);
  writer.varint(2 * zigzag(a) + (b === 0 ? 0 : 1));
  if (b !== 0) writer.varint(zigzag(b));
}
