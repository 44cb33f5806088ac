/**
 * Features in memory: a hash table from a key of 40 bits to two signed 32-bit integers.
 *
 * Open addressing with linear probing over typed arrays, at most three quarters full, doubled when it would be
 * fuller; no object for each feature. A slot is four integers side by side, so that a look takes one line of the processor's
 * cache: the low 32 bits of the key, its high bits plus 1 (0: the slot is free), `a` and `b`. A key that was added once keeps its slot until `clear`,
 * though its integers be zero; so a table can also hold what is known to have no record.
 *
 * Limit: some 50 million keys (2^26 slots).
 */
import type { FeatureRows } from '../contract.ts';

/** Slots; always a power of two. */
const smallest = 16;
const fullest = 0.75;
/** Integers of a slot. */
const width = 4;
const space = 2 ** 32;

/** Keeps a sum within the range of a signed 32-bit integer. */
export function saturate(sum: number): number {
  return Math.min(2147483647, Math.max(-2147483648, sum));
}

/** A table of features that grows as needed. */
export class FeatureTable {
  #slots: Int32Array;
  #mask: number;
  #size = 0;

  /** @param expected How many features will come, so that the table need not grow on the way. */
  constructor(expected = 0) {
    let count = smallest;
    while (count * fullest < expected) count *= 2;
    this.#slots = new Int32Array(width * count);
    this.#mask = count - 1;
  }

  /** How many keys have a slot, those with two zeros included. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that the table takes in memory. */
  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** Reads `a` and `b` of a key into `values` at `at` and `at + 1`; false, and two zeros, if the key has no slot. */
  read(key: number, values: Int32Array, at: number): boolean {
    const place = this.#probe(key);
    values[at] = this.#slots[place + 2] ?? 0;
    values[at + 1] = this.#slots[place + 3] ?? 0;
    return this.#slots[place + 1] !== 0;
  }

  /** Adds deltas to a key's integers, which saturate at the range of a signed 32-bit integer. */
  add(key: number, da: number, db: number): void {
    let place = this.#probe(key);
    if (this.#slots[place + 1] === 0) {
      if (this.#size + 1 > (this.#mask + 1) * fullest) {
        this.#grow();
        place = this.#probe(key);
      }
      this.#slots[place] = key | 0;
      this.#slots[place + 1] = highOf(key);
      this.#size++;
    }
    this.#slots[place + 2] = saturate((this.#slots[place + 2] ?? 0) + da);
    this.#slots[place + 3] = saturate((this.#slots[place + 3] ?? 0) + db);
  }

  /** Adds each row's integers to the record of its key. */
  addRows({ keys, values }: FeatureRows): void {
    let at = 0;
    for (const key of keys) this.add(key, values[at++] ?? 0, values[at++] ?? 0);
  }

  /** A copy of all keys whose integers are not both zero, in unspecified order. */
  rows(): FeatureRows {
    const keys = new Float64Array(this.#size);
    const values = new Int32Array(2 * this.#size);
    const slots = this.#slots;
    let row = 0;
    for (let place = 0; place < slots.length; place += width) {
      const a = slots[place + 2] ?? 0;
      const b = slots[place + 3] ?? 0;
      if (a === 0 && b === 0) continue;
      keys[row] = ((slots[place + 1] ?? 0) - 1) * space + ((slots[place] ?? 0) >>> 0);
      values[2 * row] = a;
      values[2 * row + 1] = b;
      row++;
    }
    return { keys: keys.slice(0, row), values: values.slice(0, 2 * row) };
  }

  /** Forgets all keys; the slots stay for what comes next. */
  clear(): void {
    this.#slots.fill(0);
    this.#size = 0;
  }

  /** Where the slot begins that holds the key, or the free one where it would go. There is always a free one. */
  #probe(key: number): number {
    const slots = this.#slots;
    const low = key | 0;
    const high = highOf(key);
    for (let slot = hash(low, high) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const place = width * slot;
      const held = slots[place + 1];
      if (held === 0 || (held === high && slots[place] === low)) return place;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(2 * before.length);
    this.#mask = this.#slots.length / width - 1;
    for (let from = 0; from < before.length; from += width) {
      const high = before[from + 1] ?? 0;
      if (high === 0) continue;
      const place = this.#probe((high - 1) * space + ((before[from] ?? 0) >>> 0));
      for (let at = 0; at < width; at++) this.#slots[place + at] = before[from + at] ?? 0;
    }
  }
}

/** The bits of a key above its low 32, plus 1. */
function highOf(key: number): number {
  return Math.floor(key / space) + 1;
}

/** Keys are hashes already, but not in every bit: a learner may mark its own keys with fixed high or low bits. */
function hash(low: number, high: number): number {
  const mixed = Math.imul(low ^ (low >>> 15) ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
