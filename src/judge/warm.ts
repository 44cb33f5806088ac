/**
 * A user's records kept in memory for bulk work (training, evaluation): read once, written behind.
 *
 * Every feature that was ever asked for is held, also the absent ones, so that a message costs no read of the store
 * after its features have been seen once. Changes are held back until {@link WarmUser.flush} writes them as one atomic change:
 * what was flushed is on disk whole, what was not is not there at all. Memory: 32 bytes a feature, about 16 MB
 * for a user with 500,000.
 *
 * The store may be let go of and opened again between flushes ({@link WarmUser.attach}); deltas add up, so
 * that what another process learned meanwhile is not lost.
 */
import { FeatureTable } from '../store/memory/table.ts';
import {
  counters,
  type Change,
  type Note,
  type NoteSpace,
  type Totals,
  type UserStore,
} from '../store/contract.ts';
import type { Memory } from './userfilter.ts';

/** A memory for one user in front of its store. */
export class WarmUser implements Memory {
  private store: UserStore;
  private readonly known = new FeatureTable();
  private unwritten = new FeatureTable();
  private unwrittenTotals: Partial<Totals> = {};
  private readonly notes = new Map<string, Note>();
  private sums: Totals | undefined;

  constructor(store: UserStore) {
    this.store = store;
  }

  /** Goes on with the same user's store, opened anew; forgets what was read if somebody else has learned meanwhile. */
  async attach(store: UserStore): Promise<void> {
    this.store = store;
    const now = await store.totals();
    const before = this.sums;
    if (before !== undefined && counters.every((counter) => now[counter] === before[counter])) return;
    this.known.clear();
    this.sums = { ...now };
  }

  async readFeatures(keys: Float64Array): Promise<Int32Array> {
    const values = new Int32Array(2 * keys.length);
    const missing: number[] = [];
    for (let i = 0; i < keys.length; i++) {
      if (!this.known.read(keys[i] ?? 0, values, 2 * i)) missing.push(i);
    }
    if (missing.length > 0) {
      const wanted = Float64Array.from(missing, (i) => keys[i] ?? 0);
      const read = await this.store.readFeatures(wanted);
      for (const [at, i] of missing.entries()) {
        const a = read[2 * at] ?? 0;
        const b = read[2 * at + 1] ?? 0;
        this.known.add(wanted[at] ?? 0, a, b);
        values[2 * i] = a;
        values[2 * i + 1] = b;
      }
    }
    return values;
  }

  async totals(): Promise<Totals> {
    this.sums ??= { ...(await this.store.totals()) };
    return this.sums;
  }

  async note(space: NoteSpace, key: Uint8Array, now?: number): Promise<Uint8Array | undefined> {
    const held = this.notes.get(noteName(space, key));
    return held === undefined ? await this.store.note(space, key, now) : held.value;
  }

  async apply(change: Change): Promise<void> {
    const sums = await this.totals();
    for (const counter of counters) {
      const delta = change.totals?.[counter] ?? 0;
      if (delta === 0) continue;
      sums[counter] += delta;
      this.unwrittenTotals[counter] = (this.unwrittenTotals[counter] ?? 0) + delta;
    }
    const { keys, values } = change.features ?? { keys: new Float64Array(0), values: new Int32Array(0) };
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] ?? 0;
      this.known.add(key, values[2 * i] ?? 0, values[2 * i + 1] ?? 0);
      this.unwritten.add(key, values[2 * i] ?? 0, values[2 * i + 1] ?? 0);
    }
    for (const note of change.notes ?? []) this.notes.set(noteName(note.space, note.key), note);
  }

  /** Writes what is held back, whole or not at all. */
  async flush(): Promise<void> {
    const change = {
      features: this.unwritten.rows(),
      totals: this.unwrittenTotals,
      notes: [...this.notes.values()],
    };
    await this.store.apply(change, { durable: true });
    this.unwritten = new FeatureTable();
    this.unwrittenTotals = {};
    this.notes.clear();
  }
}

function noteName(space: NoteSpace, key: Uint8Array): string {
  return `${space} ${Buffer.from(key).toString('latin1')}`;
}
