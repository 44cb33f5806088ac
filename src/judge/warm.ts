/**
 * A user's records kept in memory (for bulk work, and by the daemon): read once as a whole, written behind.
 *
 * Changes are held back until {@link WarmUser.flush} writes them as one atomic change: what was flushed is on disk whole, what
 * was not is not there at all. The store may be let go of and opened again between flushes ({@link WarmUser.follow}); deltas
 * add up, so that what another process learned meanwhile is not lost.
 *
 * Limit: 16 to 24 bytes of memory a feature, about 10 MB for a user with 500,000.
 */
import { FeatureTable } from '../store/memory/table.ts';
import { joinedRows } from '../store/rows.ts';
import {
  counters,
  type Change,
  type Counter,
  type Expectation,
  type FeatureRows,
  type Note,
  type NoteSpace,
  type TokenRows,
  type Totals,
  type UserStore,
} from '../store/contract.ts';
import type { Memory } from './userfilter.ts';

/** Counters of which one changes whenever features do. */
const learning: readonly Counter[] = ['spamLearned', 'innocentLearned', 'spamTrained', 'innocentTrained'];

/** A memory for one user in front of its store. */
export class WarmUser implements Memory {
  private store: UserStore;
  private readonly known: FeatureTable;
  private unwritten: FeatureRows[] = [];
  private unwrittenTotals: Partial<Totals> = {};
  /** Tokens are not kept in memory: whoever applies some flushes before they are read again. */
  private unwrittenTokens: TokenRows | undefined;
  /** What DSPAM's own programs find of a message; written as soon as the tokens are. */
  private unwrittenSignature: Change['signature'];
  private readonly notes = new Map<string, Note>();
  /** What the store must hold for what is held back to be written. */
  private readonly expected = new Map<string, Expectation>();
  private sums: Totals;
  /** How many changes wrote features. */
  writes = 0;

  /** @param sums The totals that go with what is known. */
  constructor(store: UserStore, known: FeatureTable, sums: Totals) {
    this.store = store;
    this.known = known;
    this.sums = { ...sums };
  }

  /** Reads all that is known of a user. */
  static async load(store: UserStore): Promise<WarmUser> {
    const reading = await WarmReading.begin(store);
    await reading.read();
    return reading.end();
  }

  /**
   * Goes on with the same user's store, opened anew; false, and nothing is done, if somebody else has learned meanwhile: then what
   * is in memory is out of date.
   */
  async follow(store: UserStore): Promise<boolean> {
    const now = await store.totals();
    if (learning.some((counter) => now[counter] !== this.sums[counter])) return false;
    this.store = store;
    this.sums = { ...now };
    return true;
  }

  readFeatures(keys: Float64Array): Promise<Int32Array> {
    const values = new Int32Array(2 * keys.length);
    this.known.readAll(keys, values);
    return Promise.resolve(values);
  }

  totals(): Promise<Totals> {
    return Promise.resolve(this.sums);
  }

  async note(space: NoteSpace, key: Uint8Array, now?: number): Promise<Uint8Array | undefined> {
    const held = this.notes.get(noteName(space, key));
    return held === undefined ? await this.store.note(space, key, now) : held.value;
  }

  apply(change: Change): Promise<void> {
    for (const counter of counters) {
      const delta = change.totals?.[counter] ?? 0;
      if (delta === 0) continue;
      this.sums[counter] += delta;
      this.unwrittenTotals[counter] = (this.unwrittenTotals[counter] ?? 0) + delta;
    }
    if (change.tokens !== undefined && change.tokens.keys.length > 0) {
      if (this.unwrittenTokens !== undefined)
        throw new Error('Tokens are flushed before others are applied.');
      this.unwrittenTokens = change.tokens;
    }
    this.unwrittenSignature ??= change.signature;
    if (change.features !== undefined) {
      this.writes++;
      this.known.addRows(change.features);
      this.unwritten.push(change.features);
    }
    for (const one of change.expects ?? []) {
      const name = noteName(one.space, one.key);
      if (!this.notes.has(name) && !this.expected.has(name)) this.expected.set(name, one);
    }
    for (const note of change.notes ?? []) this.notes.set(noteName(note.space, note.key), note);
    return Promise.resolve();
  }

  /** Bytes of memory that the features take. */
  get bytes(): number {
    return this.known.bytes + this.unwritten.reduce((sum, rows) => sum + bytesOf(rows), 0);
  }

  /** Writes what is held back, whole or not at all; `durable` (the default): resolves only when it is on disk. */
  async flush({ durable }: { durable: boolean } = { durable: true }): Promise<void> {
    const change = {
      expects: [...this.expected.values()],
      features: joinedRows(this.unwritten),
      tokens: this.unwrittenTokens,
      signature: this.unwrittenSignature,
      totals: this.unwrittenTotals,
      notes: [...this.notes.values()],
    };
    await this.store.apply(change, { durable });
    this.unwritten = [];
    this.unwrittenTotals = {};
    this.unwrittenTokens = undefined;
    this.unwrittenSignature = undefined;
    this.notes.clear();
    this.expected.clear();
  }
}

/**
 * A user who is being read into memory, while work may go on with the store: what that applies is told to {@link WarmReading.missed}. That is for
 * stores that read at one instant; others, where hosts learn beside each other, must be let read undisturbed.
 */
export class WarmReading {
  private readonly store: UserStore;
  private readonly sums: Totals;
  private readonly rest: AsyncIterator<FeatureRows, undefined>;
  private readonly known = new FeatureTable();
  private readonly changes: Change[] = [];

  private constructor(store: UserStore, sums: Totals, rest: AsyncIterator<FeatureRows, undefined>) {
    this.store = store;
    this.sums = { ...sums };
    this.rest = rest;
  }

  /** Resolves when the instant is over at which the store is read. */
  static async begin(store: UserStore): Promise<WarmReading> {
    // The totals first: where other hosts learn meanwhile, they must not count what the features lack (WarmUser.follow).
    const sums = await store.totals();
    const reading = new WarmReading(
      store,
      sums,
      store.features()[Symbol.asyncIterator]() as AsyncIterator<FeatureRows, undefined>,
    );
    await reading.readNext();
    return reading;
  }

  /** Reads on to the end. */
  async read(): Promise<void> {
    while (await this.readNext());
  }

  /** Takes note of what has been applied to the store since this began. */
  missed(change: Change): void {
    this.changes.push(change);
  }

  /** The user, once all is read. */
  end(): WarmUser {
    for (const { features, totals } of this.changes) {
      if (features !== undefined) this.known.addRows(features);
      for (const counter of counters) this.sums[counter] += totals?.[counter] ?? 0;
    }
    return new WarmUser(this.store, this.known, this.sums);
  }

  private async readNext(): Promise<boolean> {
    const next = await this.rest.next();
    if (next.done === true) return false;
    this.known.addRows(next.value);
    return true;
  }
}

/** Reads all features of a user. */
export async function allFeatures(store: UserStore): Promise<FeatureTable> {
  const table = new FeatureTable();
  for await (const rows of store.features()) table.addRows(rows);
  return table;
}

function bytesOf({ keys, values }: FeatureRows): number {
  return keys.byteLength + values.byteLength;
}

function noteName(space: NoteSpace, key: Uint8Array): string {
  return `${space} ${Buffer.from(key).toString('latin1')}`;
}
