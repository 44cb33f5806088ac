/**
 * Writes to one LevelDB, a batch at a time, each on disk whole or not at all.
 *
 * When a batch fails, LevelDB may have written part of it to its log, and would lose later batches behind it when it reads the log
 * again; so after a failure nothing more is written until the LevelDB is opened anew.
 */
import type { TamisError } from '../../errors.ts';
import { explain, type Database } from './database.ts';

/** What is to be written together. */
export interface Batch {
  put(key: Uint8Array, value: Uint8Array): unknown;
  del(key: Uint8Array): unknown;
}

/** Writes to one LevelDB. */
export class Writer {
  readonly #database: Database;
  #failure: TamisError | undefined;
  /** Ends when nothing is being written. */
  #last: Promise<void> = Promise.resolve();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether nothing can be written any more. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Writes what `fill` puts into a batch; nothing if it throws. `durable`: resolves only when it is on disk. */
  async write(durable: boolean, fill: (batch: Batch) => void | Promise<void>): Promise<void> {
    this.#check();
    const batch = this.#database.batch();
    try {
      await fill(batch);
    } catch (error) {
      await batch.close();
      throw error;
    }
    const done = this.#last.then(() => this.#write(batch, durable));
    this.#last = done.catch(() => undefined);
    await done;
  }

  /** Not while another batch is being written, which may fail. */
  async #write(batch: ReturnType<Database['batch']>, sync: boolean): Promise<void> {
    if (this.#failure !== undefined) {
      await batch.close();
      throw this.#failure;
    }
    try {
      await batch.write({ sync });
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** Writes nothing any more because of an error; gives what it means. */
  fail(error: unknown): TamisError {
    this.#failure ??= explain(error, this.#database.location);
    return this.#failure;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
