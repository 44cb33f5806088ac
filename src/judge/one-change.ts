/**
 * A memory that collects what is applied to it and applies it as one change: so that two engines learn a message both or neither.
 *
 * What was collected is not read back: the engines' data is apart.
 */
import type { Change, NoteSpace, TokenRows, Totals } from '../store/contract.ts';
import { joinedRows } from '../store/rows.ts';
import { sumOf } from './counts.ts';
import type { AnyMemory } from './members.ts';

/** One user's memory, for one message. */
export class OneChange implements AnyMemory {
  readonly #memory: AnyMemory;
  readonly #changes: Change[] = [];
  #durable = false;

  constructor(memory: AnyMemory) {
    this.#memory = memory;
  }

  readFeatures(keys: Float64Array): Promise<Int32Array> {
    return this.#memory.readFeatures(keys);
  }

  readTokens(keys: BigUint64Array): Promise<Int32Array> {
    return this.#memory.readTokens(keys);
  }

  totals(): Promise<Totals> {
    return this.#memory.totals();
  }

  note(space: NoteSpace, key: Uint8Array, now?: number): Promise<Uint8Array | undefined> {
    return this.#memory.note(space, key, now);
  }

  async dspamSignature(id: string): Promise<BigUint64Array | undefined> {
    return await this.#memory.dspamSignature?.(id);
  }

  apply(change: Change, { durable = false }: { durable?: boolean } = {}): Promise<void> {
    this.#changes.push(change);
    this.#durable ||= durable;
    return Promise.resolve();
  }

  /** What the changes so far add to the totals. */
  get added(): Partial<Totals> {
    return sumOf(...this.#changes.map(({ totals }) => totals));
  }

  /** Applies what was collected. */
  async write(): Promise<void> {
    if (this.#changes.length === 0) return;
    const change: Change = {
      expects: this.#changes.flatMap(({ expects }) => expects ?? []),
      signature: this.#changes.find(({ signature }) => signature !== undefined)?.signature,
      features: joinedRows(this.#changes.flatMap(({ features }) => features ?? [])),
      tokens: joinedTokens(this.#changes.flatMap(({ tokens }) => tokens ?? [])),
      totals: this.added,
      notes: this.#changes.flatMap(({ notes }) => notes ?? []),
    };
    await this.#memory.apply(change, { durable: this.#durable });
  }
}

function joinedTokens(all: readonly TokenRows[]): TokenRows {
  return {
    keys: BigUint64Array.from(all.flatMap(({ keys }) => Array.from(keys))),
    values: Int32Array.from(all.flatMap(({ values }) => Array.from(values))),
  };
}
