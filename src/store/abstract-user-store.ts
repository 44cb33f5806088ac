/**
 * What all backends share of one user's data: the public methods check what they are given, keep order and
 * make every error a TamisError; a backend writes the `_` methods only, and may rely on what was checked.
 *
 * Invariant: within a process one change at a time is applied ({@link AbstractUserStore.apply} and each step of
 * `purge` hold a mutex), so that a backend may read, add and write.
 */
import { TamisError } from '../errors.ts';
import { checkChange, checkKeys, checkNoteKey, isEmpty, type CheckedChange } from './change.ts';
import type {
  Change,
  Expectation,
  FeatureRows,
  Note,
  NoteSpace,
  Sizes,
  TokenRows,
  Totals,
  UserStore,
} from './contract.ts';

/** How far a purge has come. */
export interface PurgeStep {
  /** Notes that this step removed. */
  readonly removed: number;
  /** Where the next step goes on, in the backend's own terms; undefined: the purge is done. */
  readonly next: Uint8Array | undefined;
}

/** The base of a backend's {@link UserStore}. */
export abstract class AbstractUserStore implements UserStore {
  /** The user's name, for sentences in errors. */
  protected readonly user: string;
  /** Called once, when the store has let go of the user. */
  onClosed: (() => void) | undefined;
  /** Ends when the last change that was asked for has ended. */
  #last: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(user: string) {
    this.user = user;
  }

  async readFeatures(keys: Float64Array): Promise<Int32Array> {
    checkKeys(keys);
    return this.#run(() => this._readFeatures(keys));
  }

  features(): AsyncIterable<FeatureRows> {
    return this.#each(() => this._features());
  }

  async readTokens(keys: BigUint64Array): Promise<Int32Array> {
    return this.#run(() => this._readTokens(keys));
  }

  tokens(after?: bigint): AsyncIterable<TokenRows> {
    return this.#each(() => this._tokens(after));
  }

  async totals(): Promise<Totals> {
    return this.#run(() => this._totals());
  }

  async note(
    space: NoteSpace,
    key: Uint8Array,
    now: number = Date.now() / 1000,
  ): Promise<Uint8Array | undefined> {
    checkNoteKey(key);
    return this.#run(() => this._note(space, key, now));
  }

  notes(): AsyncIterable<readonly Note[]> {
    return this.#each(() => this._notes());
  }

  async apply(change: Change, options: { durable?: boolean } = {}): Promise<void> {
    const checked = checkChange(change);
    await this.#alone(async () => {
      if (isEmpty(checked)) return;
      for (const one of checked.expects) if (!(await this._holds(one))) throw changed(this.user);
      await this._apply(checked, options.durable ?? false);
    });
  }

  async purge(now: number): Promise<number> {
    let removed = 0;
    let from: Uint8Array | undefined;
    do {
      const step = await this.#alone(() => this._purge(now, from));
      removed += step.removed;
      from = step.next;
    } while (from !== undefined);
    return removed;
  }

  async sizes(): Promise<Sizes> {
    return this.#run(() => this._sizes());
  }

  async close({ isBrief = false }: { isBrief?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#last.then(async () => {
      try {
        await this._close(isBrief);
      } catch (error) {
        throw this.#asTamisError(error);
      } finally {
        this.onClosed?.();
      }
    });
    return this.#closing;
  }

  /** Reads two integers a key, zeros where there is no record; keys may repeat. */
  protected abstract _readFeatures(keys: Float64Array): Promise<Int32Array>;
  /** Yields all records, in chunks of what a process holds easily (some 10,000). */
  protected abstract _features(): AsyncIterable<FeatureRows>;
  /** Reads two integers a token, zeros where there is no record; keys may repeat. */
  protected abstract _readTokens(keys: BigUint64Array): Promise<Int32Array>;
  /** Yields all tokens behind `after`, in chunks and always in the same order. */
  protected abstract _tokens(after: bigint | undefined): AsyncIterable<TokenRows>;
  protected abstract _totals(): Promise<Totals>;
  protected abstract _note(space: NoteSpace, key: Uint8Array, now: number): Promise<Uint8Array | undefined>;
  /** Yields all notes, in chunks. */
  protected abstract _notes(): AsyncIterable<readonly Note[]>;
  /**
   * Whether a note is as a change expects; never called while another change is applied in this process. A backend that hosts share looks
   * as it applies the change instead, and says here that all is well.
   */
  protected async _holds({ space, key, value }: Expectation): Promise<boolean> {
    const found = await this._note(space, key, 0);
    if (found === undefined || value === undefined) return found === value;
    return Buffer.compare(found, value) === 0;
  }

  /** Writes a change that is not empty, whole or not at all; never called twice at once. */
  protected abstract _apply(change: CheckedChange, durable: boolean): Promise<void>;
  /** Removes expired notes among the next few hundred after `from`; never called while a change is applied. */
  protected abstract _purge(now: number, from: Uint8Array | undefined): Promise<PurgeStep>;
  protected abstract _sizes(): Promise<Sizes>;
  /** Lets go of the user; called once, after the last change. `isBrief`: what can wait for the next opening may. */
  protected abstract _close(isBrief: boolean): Promise<void>;
  /** What an error of the backend means. */
  protected abstract _explain(error: unknown): TamisError;

  async *#each<T>(list: () => AsyncIterable<T>): AsyncIterable<T> {
    this.#checkOpen();
    try {
      for await (const rows of list()) {
        yield rows;
        this.#checkOpen();
      }
    } catch (error) {
      throw this.#asTamisError(error);
    }
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    try {
      return await work();
    } catch (error) {
      throw this.#asTamisError(error);
    }
  }

  /** Runs work after all that was asked for before it. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    const result = this.#last.then(() => this.#runInTurn(work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #runInTurn<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#asTamisError(error);
    }
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) {
      throw new TamisError('STORE_FAILED', `The store of ${this.user} is closed; open it again.`);
    }
  }

  #asTamisError(error: unknown): TamisError {
    return error instanceof TamisError ? error : this._explain(error);
  }
}

/** What a change throws that relies on what is no longer so. */
export function changed(user: string): TamisError {
  return new TamisError(
    'STORE_CHANGED',
    `Another host has learned the same message for ${user} at the same time; nothing was written.`,
  );
}
