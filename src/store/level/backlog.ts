/**
 * The backlog: what was learned and waits to be added to its buckets.
 *
 * A lesson changes some 2,000 features, which lie in nearly as many buckets, and to rewrite these takes longer than all else that is done with
 * a message. So a change is written down as one record beside everything else that it changes, in the same LevelDB batch; many of them
 * are added to the buckets together, which is one batch, too, and takes the records away. At any instant a feature is what its
 * bucket says plus what waits. The value of a record is rows in any order, each
 *
 *     5 bytes   the key, big-endian
 *     varint    2 × zigzag(a) + (1 if b follows, else 0)
 *     varint    zigzag(b), only if b is not 0
 *
 * The sum of what waits is made when somebody asks for features; whoever has them in memory (judge/warm.ts) never does.
 *
 * Invariant: each delta is small ({@link canWait}) and there are at most {@link mostRecords}, so that no sum saturates while it waits.
 */
import type { FeatureRows } from '../contract.ts';
import { FeatureTable } from '../memory/table.ts';
import { ByteReader, unzigzag, zigzag } from './bytes.ts';
import { chunksOf, type Database } from './database.ts';
import { waitingFrom, waitingKey, waitingNumberOf } from './records.ts';

/** Bytes and records from which on they are added to the buckets, about 400 lessons; to read them all takes 0.1 s. */
const mostBytes = 8 * 1024 * 1024;
const mostRecords = 1000;

/** Rows of a change that has little to gain by waiting: there are as many buckets. */
const mostRows = 65_536;
/** Where an integer is too large to wait: 2^20 of a thousand records are 2^30. */
const large: number = 2 ** 20;

const keyBytes = 5;
/** Bytes of a row at most: two varints of integers of 32 bits have 5 each. */
const rowBytes: number = keyBytes + 10;
const space = 2 ** 32;

/** Whether a change may wait. */
export function canWait({ keys, values }: FeatureRows): boolean {
  return keys.length <= mostRows && values.every((value) => Math.abs(value) < large);
}

/** The value of a record. */
export function encodeRows({ keys, values }: FeatureRows): Uint8Array {
  const bytes = Buffer.allocUnsafe(rowBytes * keys.length);
  let length = 0;
  const varint = (value: number): void => {
    let rest = value;
    for (; rest > 127; rest >>>= 7) bytes[length++] = (rest & 127) | 128;
    bytes[length++] = rest;
  };
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] ?? 0;
    const a = values[2 * i] ?? 0;
    const b = values[2 * i + 1] ?? 0;
    bytes[length] = key / space;
    bytes.writeUInt32BE(key >>> 0, length + 1);
    length += keyBytes;
    varint(2 * zigzag(a) + (b === 0 ? 0 : 1));
    if (b !== 0) varint(zigzag(b));
  }
  return bytes.subarray(0, length);
}

/** Adds the rows of a record to sums. @throws RangeError if the bytes are no record. */
export function addRows(bytes: Uint8Array, sums: FeatureTable): void {
  const reader = new ByteReader(bytes);
  while (!reader.done) {
    const key = reader.byte() * space + reader.byte() * 2 ** 24 + reader.uint24();
    const first = reader.varint();
    const hasB = first % 2;
    sums.add(key, unzigzag((first - hasB) / 2), hasB === 1 ? unzigzag(reader.varint()) : 0);
  }
}

/** The records that wait in one LevelDB. */
export class Backlog {
  readonly #database: Database;
  /** The number of the first record, and of the one that comes next. */
  readonly first: number;
  #next: number;
  #bytes = 0;
  /** What those before number {@link #summed} come to. */
  #sums = new FeatureTable();
  #summed: number;
  /** Ends when more of them are in the sums. */
  #summing: Promise<void> | undefined;

  private constructor(database: Database, first: number) {
    this.#database = database;
    this.first = first;
    this.#next = first;
    this.#summed = first;
  }

  /** What waits in a LevelDB that has just been opened, from a number on: nothing, unless it was let go of in a hurry. */
  static async find(database: Database, first: number): Promise<Backlog> {
    const found = new Backlog(database, first);
    for await (const chunk of chunksOf(database, waitingFrom(first), mostRecords)) {
      for (const [key, value] of chunk) {
        found.#next = waitingNumberOf(key) + 1;
        found.#bytes += value.length;
      }
    }
    return found;
  }

  /** An empty one whose records come behind those of this one. */
  successor(): Backlog {
    return new Backlog(this.#database, this.#next);
  }

  /** This one, to which nothing was added since, and its successor, as one. */
  with(successor: Backlog): Backlog {
    const both = new Backlog(this.#database, this.first);
    both.#next = successor.#next;
    both.#bytes = this.#bytes + successor.#bytes;
    return both;
  }

  get isEmpty(): boolean {
    return this.#next === this.first;
  }

  get isFull(): boolean {
    return this.#bytes >= mostBytes || this.#next - this.first >= mostRecords;
  }

  /** The key of the next record. */
  get nextKey(): Uint8Array {
    return waitingKey(this.#next);
  }

  /** Takes note that the next record is on its way to disk no more, but there. */
  added(bytes: number): void {
    this.#next++;
    this.#bytes += bytes;
  }

  /** The keys of all records. */
  *keys(): Generator<Uint8Array> {
    for (let number = this.first; number < this.#next; number++) yield waitingKey(number);
  }

  /** What all records come to. Those that have come since somebody asked are read now: who never asks again pays nothing for them. */
  async sums(): Promise<FeatureTable> {
    while (this.#summed < this.#next) {
      this.#summing ??= this.#sumUp().finally(() => (this.#summing = undefined));
      await this.#summing;
    }
    return this.#sums;
  }

  async #sumUp(): Promise<void> {
    const sums = this.#sums;
    const to = this.#next;
    const range = { gte: waitingKey(this.#summed), lt: waitingKey(to) };
    try {
      for await (const chunk of chunksOf(this.#database, range, mostRecords)) {
        for (const [, value] of chunk) addRows(value, sums);
      }
    } catch (error) {
      this.forget();
      throw error;
    }
    // Not if they have been forgotten meanwhile.
    if (sums === this.#sums) this.#summed = to;
  }

  /** Lets go of the table of {@link sums}: who has listed everything may never ask again. */
  forget(): void {
    this.#sums = new FeatureTable();
    this.#summed = this.first;
  }
}
