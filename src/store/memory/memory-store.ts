/**
 * The backend that forgets: users live as long as the store object. For tests and for `tamis evaluate`.
 *
 * It keeps the contract to the letter, the lock included: a user that is open cannot be opened again until closed.
 * {@link MemoryUser} reports the bytes of its arrays, free slots included, not what a disk would take.
 */
import { describe, TamisError } from '../../errors.ts';
import { AbstractStore } from '../abstract-store.ts';
import { AbstractUserStore, type PurgeStep } from '../abstract-user-store.ts';
import { addHits, noteId, type CheckedChange, type CheckedNote, type Hits } from '../change.ts';
import {
  counters,
  type Counter,
  type FeatureRows,
  type Note,
  type NoteSpace,
  type Sizes,
  type TokenRows,
  type Totals,
} from '../contract.ts';
import { FeatureTable, saturate } from './table.ts';

/** Records in one chunk of `features()`. */
const chunk = 8192;

/** What a store keeps of one user. */
interface UserData {
  readonly features: FeatureTable;
  readonly tokens: Map<bigint, Hits>;
  readonly totals: Map<Counter, number>;
  /** Under {@link noteId}. */
  readonly notes: Map<string, CheckedNote & { readonly value: Uint8Array }>;
  open: boolean;
}

/** A store in the memory of this process. */
export class MemoryStore extends AbstractStore {
  readonly #data = new Map<string, UserData>();

  protected async _open(user: string, create: boolean): Promise<MemoryUser | undefined> {
    await Promise.resolve();
    let data = this.#data.get(user);
    if (data === undefined) {
      if (!create) return undefined;
      data = {
        features: new FeatureTable(),
        tokens: new Map(),
        totals: new Map(),
        notes: new Map(),
        open: false,
      };
      this.#data.set(user, data);
    }
    checkUnlocked(user, data);
    data.open = true;
    return new MemoryUser(user, data);
  }

  protected async *_users(): AsyncIterable<string> {
    await Promise.resolve();
    yield* [...this.#data.keys()];
  }

  protected async _remove(user: string): Promise<boolean> {
    await Promise.resolve();
    const data = this.#data.get(user);
    if (data !== undefined) checkUnlocked(user, data);
    return this.#data.delete(user);
  }
}

class MemoryUser extends AbstractUserStore {
  readonly #data: UserData;

  constructor(user: string, data: UserData) {
    super(user);
    this.#data = data;
  }

  protected async _readFeatures(keys: Float64Array): Promise<Int32Array> {
    const values = new Int32Array(2 * keys.length);
    for (const [at, key] of keys.entries()) this.#data.features.read(key, values, 2 * at);
    return Promise.resolve(values);
  }

  protected async *_features(): AsyncIterable<FeatureRows> {
    const { keys, values } = await Promise.resolve(this.#data.features.rows());
    for (let at = 0; at < keys.length; at += chunk) {
      yield { keys: keys.subarray(at, at + chunk), values: values.subarray(2 * at, 2 * (at + chunk)) };
    }
  }

  protected async _readTokens(keys: BigUint64Array): Promise<Int32Array> {
    const { tokens } = this.#data;
    return Promise.resolve(
      Int32Array.from(Array.from(keys, (key) => tokens.get(key)?.slice(0, 2) ?? [0, 0]).flat()),
    );
  }

  protected async *_tokens(after = -1n): AsyncIterable<TokenRows> {
    const all = await Promise.resolve([...this.#data.tokens].filter(([key]) => key > after));
    all.sort(([one], [other]) => (one < other ? -1 : 1));
    for (let at = 0; at < all.length; at += chunk) {
      const part = all.slice(at, at + chunk);
      yield {
        keys: BigUint64Array.from(part, ([key]) => key),
        values: Int32Array.from(part.flatMap(([, [spam, innocent]]) => [spam, innocent])),
        days: Uint16Array.from(part, ([, [, , day]]) => day),
      };
    }
  }

  protected async _totals(): Promise<Totals> {
    const entries = counters.map((counter) => [counter, this.#data.totals.get(counter) ?? 0]);
    return Promise.resolve(Object.fromEntries(entries) as Totals);
  }

  protected async _note(space: NoteSpace, key: Uint8Array, now: number): Promise<Uint8Array | undefined> {
    const note = this.#data.notes.get(noteId(space, key));
    return Promise.resolve(note === undefined || hasExpired(note, now) ? undefined : note.value.slice());
  }

  protected async *_notes(): AsyncIterable<readonly Note[]> {
    yield await Promise.resolve([...this.#data.notes.values()]);
  }

  protected async _apply({ features, tokens, totals, notes }: CheckedChange): Promise<void> {
    await Promise.resolve();
    this.#data.features.addRows(features);
    for (const [key, deltas] of tokens) {
      const sum = addHits(this.#data.tokens.get(key), deltas);
      if (sum === undefined) this.#data.tokens.delete(key);
      else this.#data.tokens.set(key, sum);
    }
    for (const [counter, delta] of totals) {
      this.#data.totals.set(counter, saturate((this.#data.totals.get(counter) ?? 0) + delta));
    }
    for (const note of notes) {
      const { value, ...rest } = note;
      const id = noteId(note.space, note.key);
      if (value === undefined) this.#data.notes.delete(id);
      else this.#data.notes.set(id, { ...rest, value });
    }
  }

  protected async _purge(now: number): Promise<PurgeStep> {
    const expired = [...this.#data.notes].filter(([, note]) => hasExpired(note, now));
    for (const [id] of expired) this.#data.notes.delete(id);
    return Promise.resolve({ removed: expired.length, next: undefined });
  }

  protected async _sizes(): Promise<Sizes> {
    const notes = [...this.#data.notes.values()];
    const noteBytes = notes.reduce((bytes, note) => bytes + note.key.length + note.value.length, 0);
    const tokenBytes = 16 * this.#data.tokens.size;
    return Promise.resolve({ featureBytes: this.#data.features.bytes, tokenBytes, noteBytes });
  }

  protected async _close(): Promise<void> {
    this.#data.open = false;
    return Promise.resolve();
  }

  protected _explain(cause: unknown): TamisError {
    return new TamisError('STORE_FAILED', `The store of ${this.user} in memory failed: ${describe(cause)}`, {
      cause,
    });
  }
}

function hasExpired(note: CheckedNote, now: number): boolean {
  return note.expires !== undefined && note.expires <= now;
}

function checkUnlocked(user: string, data: UserData): void {
  if (data.open)
    throw new TamisError('STORE_LOCKED', `The store of ${user} in memory is open already; close it first.`);
}
