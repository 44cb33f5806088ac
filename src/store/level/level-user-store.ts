/**
 * One user's data in one LevelDB (its format: records.ts and buckets.ts).
 *
 * A change is one LevelDB batch, so it is on disk whole or not at all. When a batch fails, LevelDB may have written part of it to its
 * log, and would lose later batches behind it when it reads the log again; so after a failure nothing more is
 * written until the user is opened anew.
 */
import { AbstractUserStore, type PurgeStep } from '../abstract-user-store.ts';
import { addHits, type CheckedChange } from '../change.ts';
import type { FeatureRows, Note, NoteSpace, Sizes, TokenRows, Totals } from '../contract.ts';
import type { TamisError } from '../../errors.ts';
import {
  addToBucket,
  bucketOf,
  decodeBucket,
  encodeBucket,
  highOf,
  keyOf,
  readEntry,
  type Entry,
} from './buckets.ts';
import { explain, type Database } from './database.ts';
import * as records from './records.ts';

/** LevelDB records that one step reads: buckets of a chunk of `features()`, or notes of a purge. */
const step = 256;

/** Tokens in one chunk of `tokens()`. */
const tokenStep = 8192;

type Chunk = readonly (readonly [Uint8Array, Uint8Array])[];

/** A record to put, or to delete if it has no value. */
interface Operation {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** An open user of the level backend. */
export class LevelUserStore extends AbstractUserStore {
  readonly #database: Database;
  #failure: TamisError | undefined;

  /** @param database Open, its format checked. */
  constructor(user: string, database: Database) {
    super(user);
    this.#database = database;
  }

  protected async _readFeatures(keys: Float64Array): Promise<Int32Array> {
    const buckets = await this.#database.getMany(Array.from(keys, (key) => records.bucketKey(bucketOf(key))));
    const values = new Int32Array(2 * keys.length);
    for (const [at, key] of keys.entries()) {
      const bytes = buckets[at];
      if (bytes !== undefined) readEntry(bytes, highOf(key), values, 2 * at);
    }
    return values;
  }

  protected async *_features(): AsyncIterable<FeatureRows> {
    for await (const chunk of this.#chunks(records.bucketRange, step)) yield rowsOf(chunk);
  }

  protected async _readTokens(keys: BigUint64Array): Promise<Int32Array> {
    const found = await this.#database.getMany(Array.from(keys, records.tokenKey));
    const values = new Int32Array(2 * keys.length);
    for (const [at, bytes] of found.entries()) {
      if (bytes === undefined) continue;
      const [spam, innocent] = records.decodeHits(bytes);
      values.set([spam, innocent], 2 * at);
    }
    return values;
  }

  protected async *_tokens(after: bigint | undefined): AsyncIterable<TokenRows> {
    const { gte, lt } = records.tokenRange;
    const range = after === undefined ? { gte, lt } : { gt: records.tokenKey(after), lt };
    for await (const chunk of this.#chunks(range, tokenStep)) {
      const hits = chunk.map(([, value]) => records.decodeHits(value));
      yield {
        keys: BigUint64Array.from(chunk, ([key]) => records.tokenOfKey(key)),
        values: Int32Array.from(hits.flatMap(([spam, innocent]) => [spam, innocent])),
        days: Uint16Array.from(hits, ([, , day]) => day),
      };
    }
  }

  protected async _totals(): Promise<Totals> {
    return records.decodeTotals(await this.#database.get(records.totalsKey));
  }

  protected async _note(space: NoteSpace, key: Uint8Array, now: number): Promise<Uint8Array | undefined> {
    const bytes = await this.#database.get(records.noteRecordKey(space, key));
    return bytes === undefined ? undefined : records.decodeNote(bytes, now);
  }

  protected async *_notes(): AsyncIterable<readonly Note[]> {
    for await (const chunk of this.#chunks(records.noteRange, step)) {
      yield chunk.map(([key, value]) => records.noteOf(key, value));
    }
  }

  protected async _apply(
    { features, tokens, totals, notes }: CheckedChange,
    durable: boolean,
  ): Promise<void> {
    const operations = [
      ...(await this.#featureOperations(features)),
      ...(await this.#tokenOperations(tokens)),
    ];
    if (totals.size > 0) {
      const sums = records.addToTotals(await this._totals(), totals);
      operations.push({ key: records.totalsKey, value: records.encodeTotals(sums) });
    }
    for (const { space, key, value, expires } of notes) {
      const encoded = value === undefined ? undefined : records.encodeNote(value, expires);
      operations.push({ key: records.noteRecordKey(space, key), value: encoded });
    }
    await this.#write(operations, durable);
  }

  protected async _purge(now: number, from: Uint8Array | undefined): Promise<PurgeStep> {
    const { gte, lt } = records.noteRange;
    const range = from === undefined ? { gte, lt } : { gt: from, lt };
    const expired: Operation[] = [];
    let seen = 0;
    let last: Uint8Array | undefined;
    for await (const [key, value] of this.#database.iterator({ ...range, limit: step })) {
      if (records.decodeNote(value, now) === undefined) expired.push({ key, value: undefined });
      last = key;
      seen++;
    }
    if (expired.length > 0) await this.#write(expired, false);
    return { removed: expired.length, next: seen === step ? last : undefined };
  }

  /**
   * Compacts first, because LevelDB knows the size of its tables only, and not of its log and of what newer
   * records have replaced; then asks for the bytes of each range of keys, exact to a block (4 KiB).
   */
  protected async _sizes(): Promise<Sizes> {
    await this.#database.compactRange(Uint8Array.of(0), Uint8Array.of(255));
    const size = ({ gte, lt }: records.KeyRange): Promise<number> => this.#database.approximateSize(gte, lt);
    return {
      featureBytes: await size(records.bucketRange),
      tokenBytes: await size(records.tokenRange),
      noteBytes: await size(records.noteRange),
    };
  }

  protected async _close(): Promise<void> {
    await this.#database.close();
  }

  protected _explain(error: unknown): TamisError {
    return explain(error, this.#database.location);
  }

  async #featureOperations({ keys, values }: FeatureRows): Promise<Operation[]> {
    const deltas = new Map<number, Entry[]>();
    for (const [at, key] of keys.entries()) {
      const bucket = bucketOf(key);
      const delta = { high: highOf(key), a: values[2 * at] ?? 0, b: values[2 * at + 1] ?? 0 };
      const others = deltas.get(bucket);
      if (others === undefined) deltas.set(bucket, [delta]);
      else others.push(delta);
    }
    const recordKeys = Array.from(deltas.keys(), records.bucketKey);
    const before = await this.#database.getMany(recordKeys);
    return Array.from(deltas.values(), (added, at) => {
      const bytes = before[at];
      const entries = addToBucket(bytes === undefined ? [] : decodeBucket(bytes), added);
      return { key: recordKeys[at] ?? new Uint8Array(), value: encodeBucket(entries) };
    });
  }

  async #tokenOperations(tokens: CheckedChange['tokens']): Promise<Operation[]> {
    const keys = Array.from(tokens.keys(), records.tokenKey);
    const before = await this.#database.getMany(keys);
    return Array.from(tokens.values(), (deltas, at) => {
      const bytes = before[at];
      const sum = addHits(bytes && records.decodeHits(bytes), deltas);
      return { key: keys[at] ?? new Uint8Array(), value: sum && records.encodeHits(sum) };
    });
  }

  async *#chunks(range: records.KeyRange | records.KeysBehind, size: number): AsyncIterable<Chunk> {
    const iterator = this.#database.iterator(range);
    try {
      for (;;) {
        const chunk = await iterator.nextv(size);
        if (chunk.length === 0) return;
        yield chunk;
      }
    } finally {
      await iterator.close();
    }
  }

  async #write(operations: Operation[], durable: boolean): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const batch = this.#database.batch();
      for (const { key, value } of operations) {
        if (value === undefined) batch.del(key);
        else batch.put(key, value);
      }
      await batch.write({ sync: durable });
    } catch (error) {
      this.#failure = this._explain(error);
      throw this.#failure;
    }
  }
}

function rowsOf(chunk: Chunk): FeatureRows {
  const keys: number[] = [];
  const values: number[] = [];
  for (const [key, bytes] of chunk) {
    const bucket = records.bucketOfKey(key);
    for (const { high, a, b } of decodeBucket(bytes)) {
      keys.push(keyOf(bucket, high));
      values.push(a, b);
    }
  }
  return { keys: Float64Array.from(keys), values: Int32Array.from(values) };
}
