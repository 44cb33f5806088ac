/**
 * Features in memory: a hash table from a key of 40 bits to two signed 32-bit integers.
 *
 * Open addressing with linear probing over typed arrays, at most three quarters full, doubled when it would be
 * fuller: 16 bytes a slot, no object for each feature. A key that was added once keeps its slot until `clear`,
 * though its integers be zero; so a table can also hold what is known to have no record.
 *
 * Limit: some 50 million keys (the size of one typed array of slots is 2^26).
 */
import type { FeatureRows } from '../contract.ts';

/** Slots; always a power of two. */
const smallest = 16;
const fullest = 0.75;
/** No key. */
const free = -1;

/** Keeps a sum within the range of a signed 32-bit integer. */
export function saturate(sum: number): number {
  return Math.min(2147483647, Math.max(-2147483648, sum));
}

/** A table of features that grows as needed. */
export class FeatureTable {
  #keys: Float64Array;
  #values: Int32Array;
  #size = 0;

  /** @param expected How many features will come, so that the table need not grow on the way. */
  constructor(expected = 0) {
    let slots = smallest;
    while (slots * fullest < expected) slots *= 2;
    this.#keys = new Float64Array(slots).fill(free);
    this.#values = new Int32Array(2 * slots);
  }

  /** How many keys have a slot, those with two zeros included. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that the table takes in memory. */
  get bytes(): number {
    return this.#keys.byteLength + this.#values.byteLength;
  }

  /** Reads `a` and `b` of a key into `values` at `at` and `at + 1`; false, and two zeros, if the key has no slot. */
  read(key: number, values: Int32Array, at: number): boolean {
    const slot = this.#probe(key);
    values[at] = this.#values[2 * slot] ?? 0;
    values[at + 1] = this.#values[2 * slot + 1] ?? 0;
    return this.#keys[slot] !== free;
  }

  /** Adds deltas to a key's integers, which saturate at the range of a signed 32-bit integer. */
  add(key: number, da: number, db: number): void {
    let slot = this.#probe(key);
    if (this.#keys[slot] === free) {
      if (this.#size + 1 > this.#keys.length * fullest) {
        this.#grow();
        slot = this.#probe(key);
      }
      this.#keys[slot] = key;
      this.#size++;
    }
    this.#values[2 * slot] = saturate((this.#values[2 * slot] ?? 0) + da);
    this.#values[2 * slot + 1] = saturate((this.#values[2 * slot + 1] ?? 0) + db);
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
    let row = 0;
    for (const [slot, key] of this.#keys.entries()) {
      const a = this.#values[2 * slot] ?? 0;
      const b = this.#values[2 * slot + 1] ?? 0;
      if (a === 0 && b === 0) continue;
      keys[row] = key;
      values[2 * row] = a;
      values[2 * row + 1] = b;
      row++;
    }
    return { keys: keys.slice(0, row), values: values.slice(0, 2 * row) };
  }

  /** Forgets all keys; the slots stay for what comes next. */
  clear(): void {
    this.#keys.fill(free);
    this.#values.fill(0);
    this.#size = 0;
  }

  /** The slot that holds the key, or the free one where it would go. There is always a free one. */
  #probe(key: number): number {
    const mask = this.#keys.length - 1;
    let slot = hash(key) & mask;
    for (;;) {
      const held = this.#keys[slot];
      if (held === key || held === free) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Float64Array(2 * keys.length).fill(free);
    this.#values = new Int32Array(2 * values.length);
    for (let from = 0; from < keys.length; from++) {
      const key = keys[from] ?? free;
      if (key === free) continue;
      const to = this.#probe(key);
      this.#keys[to] = key;
      this.#values[2 * to] = values[2 * from] ?? 0;
      this.#values[2 * to + 1] = values[2 * from + 1] ?? 0;
    }
  }
}

/** Keys are hashes already, but not in every bit: a learner may mark its own keys with fixed high or low bits. */
function hash(key: number): number {
  const low = key | 0;
  const high = (key / 4294967296) | 0;
  const mixed = Math.imul(low ^ (low >>> 15) ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
