/**
 * One user's data in one LevelDB (its format: records.ts). A change is one LevelDB batch, so it is on disk whole or not at all.
 */
import { AbstractUserStore, type PurgeStep } from '../abstract-user-store.ts';
import { addHits, type CheckedChange } from '../change.ts';
import type { FeatureRows, Note, NoteSpace, Sizes, TokenRows, Totals } from '../contract.ts';
import type { TamisError } from '../../errors.ts';
import { chunksOf, explain, type Database } from './database.ts';
import { Features, type Found } from './features.ts';
import * as records from './records.ts';
import { Writer, type Batch } from './writer.ts';

/** Notes that one step reads. */
const noteStep = 256;

/** Tokens in one chunk of `tokens()`. */
const tokenStep = 8192;

/** An open user of the level backend. */
export class LevelUserStore extends AbstractUserStore {
  readonly #database: Database;
  readonly #writer: Writer;
  readonly #features: Features;

  /** @param database Open, its format checked. */
  constructor(user: string, database: Database, found: Found) {
    super(user);
    this.#database = database;
    this.#writer = new Writer(database);
    this.#features = new Features(database, this.#writer, found);
  }

  protected async _readFeatures(keys: Float64Array): Promise<Int32Array> {
    return await this.#features.read(keys);
  }

  protected _features(): AsyncIterable<FeatureRows> {
    return this.#features.list();
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
    for await (const chunk of chunksOf(this.#database, range, tokenStep)) {
      const hits = chunk.map(([, value]) => records.decodeHits(value));
      yield {
        keys: BigUint64Array.from(chunk, ([key]) => records.tokenOfKey(key)),
        values: Int32Array.from(hits.flatMap(([spam, innocent]) => [spam, innocent])),
        days: Uint16Array.from(hits, ([, , day]) => day),
      };
    }
  }

  // One record is read on the spot: to ask another thread for it takes ten times as long.
  protected async _totals(): Promise<Totals> {
    return Promise.resolve(records.decodeTotals(this.#database.getSync(records.totalsKey)));
  }

  protected async _note(space: NoteSpace, key: Uint8Array, now: number): Promise<Uint8Array | undefined> {
    const bytes = this.#database.getSync(records.noteRecordKey(space, key));
    return Promise.resolve(bytes === undefined ? undefined : records.decodeNote(bytes, now));
  }

  protected async *_notes(): AsyncIterable<readonly Note[]> {
    for await (const chunk of chunksOf(this.#database, records.noteRange, noteStep)) {
      yield chunk.map(([key, value]) => records.noteOf(key, value));
    }
  }

  protected async _apply(
    { features, tokens, totals, notes }: CheckedChange,
    durable: boolean,
  ): Promise<void> {
    let whenWritten = (): void => undefined;
    await this.#writer.write(durable, async (batch) => {
      whenWritten = await this.#features.put(batch, features);
      await this.#addTokens(batch, tokens);
      if (totals.size > 0) {
        const sums = records.addToTotals(await this._totals(), totals);
        batch.put(records.totalsKey, records.encodeTotals(sums));
      }
      for (const { space, key, value, expires } of notes) {
        const recordKey = records.noteRecordKey(space, key);
        if (value === undefined) batch.del(recordKey);
        else batch.put(recordKey, records.encodeNote(value, expires));
      }
    });
    whenWritten();
  }

  protected async _purge(now: number, from: Uint8Array | undefined): Promise<PurgeStep> {
    const { gte, lt } = records.noteRange;
    const range = from === undefined ? { gte, lt } : { gt: from, lt };
    const expired: Uint8Array[] = [];
    let seen = 0;
    let last: Uint8Array | undefined;
    for await (const [key, value] of this.#database.iterator({ ...range, limit: noteStep })) {
      if (records.decodeNote(value, now) === undefined) expired.push(key);
      last = key;
      seen++;
    }
    if (expired.length > 0) {
      await this.#writer.write(false, (batch) => {
        for (const key of expired) batch.del(key);
      });
    }
    return { removed: expired.length, next: seen === noteStep ? last : undefined };
  }

  /**
   * Compacts first, because LevelDB knows the size of its tables only, and not of its log and of what newer
   * records have replaced; then asks for the bytes of each range of keys, exact to a block (4 KiB).
   */
  protected async _sizes(): Promise<Sizes> {
    await this.#features.fold();
    await this.#database.compactRange(Uint8Array.of(0), Uint8Array.of(255));
    const size = ({ gte, lt }: records.KeyRange): Promise<number> => this.#database.approximateSize(gte, lt);
    return {
      featureBytes: await size(records.bucketRange),
      tokenBytes: await size(records.tokenRange),
      noteBytes: await size(records.noteRange),
    };
  }

  protected async _close(isBrief: boolean): Promise<void> {
    if (isBrief) await this.#features.settle();
    else await this.#features.fold();
    await this.#database.close();
  }

  protected _explain(error: unknown): TamisError {
    return explain(error, this.#database.location);
  }

  async #addTokens(batch: Batch, tokens: CheckedChange['tokens']): Promise<void> {
    if (tokens.size === 0) return;
    const keys = Array.from(tokens.keys(), records.tokenKey);
    const before = await this.#database.getMany(keys);
    for (const [at, [token, deltas]] of [...tokens].entries()) {
      const bytes = before[at];
      const key = records.tokenKey(token);
      const sum = addHits(bytes && records.decodeHits(bytes), deltas);
      if (sum === undefined) batch.del(key);
      else batch.put(key, records.encodeHits(sum));
    }
  }
}
