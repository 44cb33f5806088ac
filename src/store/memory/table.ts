/**
 * Features in memory: a hash table from a key of 40 bits to two signed 32-bit integers.
 *
 * Open addressing with linear probing over one typed array, between half and three quarters full; no object for each feature. A
 * slot is three integers side by side, because a look costs mostly the line of the processor's cache that it takes:
 *
 *     the low 32 bits of the key
 *     `a` in the upper 23 bits, the high 8 bits of the key plus 1 in the lower 9 (0: the slot is free)
 *     `b`
 *
 * An `a` that 23 bits do not hold (more than a million messages counted of one pair) is kept aside. A key that was added once keeps its
 * slot until `clear`, though its integers be zero; so a table can also hold what is known to have no record.
 *
 * Limit: some 130 million keys.
 */
import type { FeatureRows } from '../contract.ts';

/** Slots at first. */
const smallest = 16;
const fullest = 0.75;
/** How many times the slots a fuller table gets: little, because a table is most of what a warm user takes. */
const growth = 1.4;
/** Integers of a slot. */
const width = 3;
const space = 2 ** 32;
const highBits = 9;
const highMask = 2 ** highBits - 1;
/** What stands for an `a` that is kept aside. */
const aside = -(2 ** (31 - highBits));

/** Keeps a sum within the range of a signed 32-bit integer. */
export function saturate(sum: number): number {
  return Math.min(2147483647, Math.max(-2147483648, sum));
}

/** Where the keys of one call of {@link FeatureTable.readAll} have their slots, if no others were there first; kept for the next. */
let places = new Int32Array();

/** A table of features that grows as needed. */
export class FeatureTable {
  #slots: Int32Array;
  #count: number;
  #size = 0;
  readonly #large = new Map<number, number>();
  /** Of no use, but the engine leaves out what comes to nothing. */
  #fetched = 0;

  /** @param expected How many features will come, so that the table need not grow on the way. */
  constructor(expected = 0) {
    this.#count = Math.max(smallest, Math.ceil(expected / fullest) + 1);
    this.#slots = new Int32Array(width * this.#count);
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
    return this.#readFrom(placeOf(key | 0, highOf(key), this.#count), key, values, at);
  }

  #readFrom(from: number, key: number, values: Int32Array, at: number): boolean {
    const slots = this.#slots;
    const place = this.#probe(key, from);
    const head = slots[place + 1] ?? 0;
    const a = head >> highBits;
    values[at] = a === aside ? (this.#large.get(key) ?? 0) : a;
    values[at + 1] = slots[place + 2] ?? 0;
    return head !== 0;
  }

  /** Reads all keys into `values`, two integers each. */
  readAll(keys: Float64Array, values: Int32Array): void {
    this.#fetch(keys);
    for (let i = 0; i < keys.length; i++) this.#readFrom(places[i] ?? 0, keys[i] ?? 0, values, 2 * i);
  }

  /** Adds deltas to a key's integers, which saturate at the range of a signed 32-bit integer. */
  add(key: number, da: number, db: number): void {
    let place = this.#probe(key);
    if (this.#slots[place + 1] === 0) {
      if (this.#size + 1 > this.#count * fullest) {
        this.#grow();
        place = this.#probe(key);
      }
      this.#slots[place] = key | 0;
      this.#slots[place + 1] = highOf(key);
      this.#size++;
    }
    const slots = this.#slots;
    const head = slots[place + 1] ?? 0;
    const a = head >> highBits;
    slots[place + 1] = this.#packed(
      key,
      saturate((a === aside ? (this.#large.get(key) ?? 0) : a) + da),
      head,
    );
    slots[place + 2] = saturate((slots[place + 2] ?? 0) + db);
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
      if (slots[place + 1] === 0) continue;
      const key = this.#keyAt(place);
      this.read(key, values, 2 * row);
      if (values[2 * row] === 0 && values[2 * row + 1] === 0) continue;
      keys[row++] = key;
    }
    return { keys: keys.subarray(0, row), values: values.subarray(0, 2 * row) };
  }

  /** Forgets all keys; the slots stay for what comes next. */
  clear(): void {
    this.#slots.fill(0);
    this.#large.clear();
    this.#size = 0;
  }

  /** Finds the slots of keys and has the processor fetch them, many at once: {@link read} would wait for each, which takes a third longer. */
  #fetch(keys: Float64Array): void {
    const slots = this.#slots;
    const count = this.#count;
    if (places.length < keys.length) places = new Int32Array(keys.length);
    let fetched = 0;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] ?? 0;
      const place = placeOf(key | 0, highOf(key), count);
      places[i] = place;
      fetched |= slots[place + 1] ?? 0;
    }
    this.#fetched = fetched;
  }

  /** The second integer of a slot, whose lower bits are those of `head`. */
  #packed(key: number, a: number, head: number): number {
    const fits = a > aside && a < -aside;
    if (!fits) this.#large.set(key, a);
    return ((fits ? a : aside) << highBits) | (head & highMask);
  }

  #keyAt(place: number): number {
    return (((this.#slots[place + 1] ?? 0) & highMask) - 1) * space + ((this.#slots[place] ?? 0) >>> 0);
  }

  /**
   * Where the slot begins that holds the key, or the free one where it would go. There is always a free one.
   *
   * @param from Where it would be if no other was there first.
   */
  #probe(key: number, from: number = placeOf(key | 0, highOf(key), this.#count)): number {
    const slots = this.#slots;
    const low = key | 0;
    const high = highOf(key);
    let place = from;
    for (;;) {
      const head = slots[place + 1] ?? 0;
      if (head === 0 || (slots[place] === low && (head & highMask) === high)) return place;
      place += width;
      if (place === slots.length) place = 0;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#count = Math.ceil(growth * this.#count);
    this.#slots = new Int32Array(width * this.#count);
    for (let from = 0; from < before.length; from += width) {
      const head = before[from + 1] ?? 0;
      if (head === 0) continue;
      const place = this.#probe(((head & highMask) - 1) * space + ((before[from] ?? 0) >>> 0));
      for (let at = 0; at < width; at++) this.#slots[place + at] = before[from + at] ?? 0;
    }
  }
}

/** Where the slot begins that a key has if no other was there first, among so many. */
function placeOf(low: number, high: number, count: number): number {
  return width * Math.floor((hash(low, high) / space) * count);
}

/** The bits of a key above its low 32, plus 1. */
function highOf(key: number): number {
  return Math.floor(key / space) + 1;
}

/** Keys are hashes already, but not in every bit: a learner may mark its own keys with fixed high or low bits. Unsigned. */
function hash(low: number, high: number): number {
  const mixed = Math.imul(low ^ (low >>> 15) ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
