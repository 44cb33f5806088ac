/**
 * The features of one user in one LevelDB: buckets (buckets.ts), and a backlog of what waits to be added to them (backlog.ts).
 *
 * Invariant: what is read is buckets and backlog at one instant, so nobody begins to read while the backlog is being added to the buckets.
 * Changes go on meanwhile, into a new backlog.
 *
 * Limit: integers near where they saturate do not wait, if they have been read or written since the user was opened; else a sum
 * saturates once for all that waited, instead of at each change.
 */
import type { FeatureRows } from '../contract.ts';
import { FeatureTable, saturate } from '../memory/table.ts';
import { canWait, encodeRows, type Backlog } from './backlog.ts';
import {
  addEntry,
  addToBucket,
  bucketOf,
  eachEntry,
  deltasOf,
  highOf,
  keyOf,
  mostEntries,
  type Deltas,
} from './buckets.ts';
import { chunksOf, type Chunk, type Database } from './database.ts';
import * as records from './records.ts';
import type { Batch, Writer } from './writer.ts';

/** Buckets that are listed, and that are written, at a time. */
const listed = 512;
const written = 1024;

/** An integer from which on a feature is too near to where it saturates for deltas to wait. */
const large: number = 2 ** 30;

const none = new Uint8Array();

/** What a LevelDB was found to have when it was opened. */
export interface Found {
  /** The number of its format. */
  readonly format: number;
  readonly backlog: Backlog;
}

/** Features of an open user. */
export class Features {
  readonly #database: Database;
  readonly #writer: Writer;
  #format: number;
  #backlog: Backlog;
  /** Ends when what is being added to the buckets is there, or has failed; never rejects. */
  #folding: Promise<void> | undefined;
  /** Whether an integer has been seen that is too large for deltas to wait. */
  #hasLarge = false;

  constructor(database: Database, writer: Writer, { format, backlog }: Found) {
    this.#database = database;
    this.#writer = writer;
    this.#format = format;
    this.#backlog = backlog;
  }

  /** Reads two integers a key. */
  async read(keys: Float64Array): Promise<Int32Array> {
    const waiting = await this.#waiting();
    const values = new Int32Array(2 * keys.length);
    if (waiting.size > 0)
      for (let at = 0; at < keys.length; at++) waiting.read(keys[at] ?? 0, values, 2 * at);
    // LevelDB reads what is there at this instant, and so has the table.
    const buckets = await this.#database.getMany(Array.from(keys, (key) => records.bucketKey(bucketOf(key))));
    let largest = 0;
    for (const [at, bytes] of buckets.entries()) {
      if (bytes === undefined) continue;
      addEntry(bytes, highOf(keys[at] ?? 0), values, 2 * at);
      largest = Math.max(largest, Math.abs(values[2 * at] ?? 0), Math.abs(values[2 * at + 1] ?? 0));
    }
    this.#hasLarge ||= largest >= large;
    return values;
  }

  /** All features, a chunk at a time. */
  async *list(): AsyncIterable<FeatureRows> {
    const waiting = tableOf((await this.#waiting()).rows());
    this.#backlog.forget();
    for await (const chunk of chunksOf(this.#database, records.bucketRange, listed))
      yield rowsOf(chunk, waiting);
    const rest = waiting.rows();
    if (rest.keys.length > 0) yield rest;
  }

  /**
   * Puts a change into a batch of the writer.
   *
   * @returns What to call when the batch is written.
   */
  async put(batch: Batch, features: FeatureRows): Promise<() => void> {
    if (features.keys.length === 0) return () => undefined;
    this.#hasLarge ||= features.values.some((value) => Math.abs(value) >= large);
    if (this.#hasLarge || !canWait(features)) {
      // What waits comes first.
      await this.fold();
      await this.#addToBuckets(batch, tableOf(features));
      return () => undefined;
    }
    // Who learns faster than can be added to the buckets waits.
    if (this.#backlog.isFull) await this.#folding;
    const value = encodeRows(features);
    batch.put(this.#backlog.nextKey, value);
    if (this.#format !== records.format)
      batch.put(records.versionKey, records.encodeVersion(this.#backlog.first));
    return () => {
      this.#format = records.format;
      this.#backlog.added(value.length);
      if (this.#backlog.isFull) void this.fold();
    };
  }

  /** Ends when nothing is being added to the buckets. */
  async settle(): Promise<void> {
    while (this.#folding !== undefined) await this.#folding;
  }

  /** Adds what waits to its buckets. Never rejects: should it fail, the writer tells of it, and nothing is lost, because what waits is on disk. */
  async fold(): Promise<void> {
    // Not by settle(): between its end and the next line somebody else could begin.
    while (this.#folding !== undefined) await this.#folding;
    if (this.#backlog.isEmpty || this.#writer.hasFailed) return;
    this.#folding = this.#foldBacklog().finally(() => (this.#folding = undefined));
    await this.#folding;
  }

  async #foldBacklog(): Promise<void> {
    const backlog = this.#backlog;
    this.#backlog = backlog.successor();
    const { first } = this.#backlog;
    try {
      const sums = await backlog.sums();
      // Synced: were a later change of the buckets on disk without this one, what waits would be added once more at the next start.
      await this.#writer.write(true, async (batch) => {
        await this.#addToBuckets(batch, sums);
        for (const key of backlog.keys()) batch.del(key);
        batch.put(records.versionKey, records.encodeVersion(first));
      });
    } catch (error) {
      this.#writer.fail(error);
      this.#backlog = backlog.with(this.#backlog);
    }
  }

  /** What waits, at an instant when it is not being added to the buckets. */
  async #waiting(): Promise<FeatureTable> {
    for (;;) {
      await this.settle();
      const backlog = this.#backlog;
      const sums = await backlog.sums();
      if (this.#backlog === backlog) return sums;
    }
  }

  async #addToBuckets(batch: Batch, table: FeatureTable): Promise<void> {
    let piece: Deltas[] = [];
    const addPiece = async (): Promise<void> => {
      const keys = piece.map(({ bucket }) => records.bucketKey(bucket));
      const before = await this.#database.getMany(keys);
      for (const [at, { entries }] of piece.entries()) {
        const key = keys[at] ?? none;
        const value = addToBucket(before[at] ?? none, entries);
        if (value === undefined) batch.del(key);
        else batch.put(key, value);
      }
      piece = [];
    };
    for (const deltas of deltasOf(table)) {
      piece.push(deltas);
      if (piece.length === written) await addPiece();
    }
    await addPiece();
  }
}

function tableOf(rows: FeatureRows): FeatureTable {
  const table = new FeatureTable(rows.keys.length);
  table.addRows(rows);
  return table;
}

/** The features of buckets with what waits for them, which is taken out of `waiting`. */
function rowsOf(chunk: Chunk, waiting: FeatureTable): FeatureRows {
  const most = mostEntries(chunk.reduce((sum, [, { length }]) => sum + length, 0));
  const keys = new Float64Array(most);
  const values = new Int32Array(2 * most);
  const more = new Int32Array(2);
  let rows = 0;
  for (const [recordKey, bytes] of chunk) {
    const bucket = records.bucketOfKey(recordKey);
    eachEntry(bytes, (high, a, b) => {
      const key = keyOf(bucket, high);
      keys[rows] = key;
      values[2 * rows] = a;
      values[2 * rows + 1] = b;
      if (waiting.size > 0 && waiting.read(key, more, 0)) {
        const [moreA = 0, moreB = 0] = more;
        waiting.add(key, -moreA, -moreB);
        values[2 * rows] = saturate(a + moreA);
        values[2 * rows + 1] = saturate(b + moreB);
      }
      if (values[2 * rows] !== 0 || values[2 * rows + 1] !== 0) rows++;
    });
  }
  return { keys: keys.slice(0, rows), values: values.slice(0, 2 * rows) };
}
