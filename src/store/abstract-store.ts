/**
 * What all backends share of a store: checking names, waiting for locks, and closing what is open.
 * A backend writes the `_` methods only.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TamisError } from '../errors.ts';
import type { AbstractUserStore } from './abstract-user-store.ts';
import type { OpenOptions, Store, UserStore } from './contract.ts';

/** Milliseconds between two attempts at a lock. */
const patience = 20;

/** The base of a backend's {@link Store}. */
export abstract class AbstractStore implements Store {
  readonly #users = new Set<AbstractUserStore>();
  #closing: Promise<void> | undefined;

  get isShared(): boolean {
    return false;
  }

  async open(user: string, { create, wait = 0, ahead = [] }: OpenOptions): Promise<UserStore | undefined> {
    this.#check(user);
    const opened = await untilUnlocked(wait, () => this._open(user, create, ahead));
    if (opened !== undefined) {
      this.#users.add(opened);
      opened.onClosed = () => this.#users.delete(opened);
    }
    return opened;
  }

  async *users(): AsyncIterable<string> {
    this.#checkOpen();
    yield* this._users();
  }

  async remove(user: string, { wait = 0 }: { wait?: number } = {}): Promise<boolean> {
    this.#check(user);
    return untilUnlocked(wait, () => this._remove(user));
  }

  async init(): Promise<void> {
    this.#checkOpen();
    await this._init();
  }

  async check(): Promise<readonly string[]> {
    this.#checkOpen();
    return await this._check();
  }

  /** Closes the users that are still open, too. */
  async close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#users].map((user) => user.close())).then(() => this._close());
    await this.#closing;
  }

  /** Opens a user at once, or throws STORE_LOCKED; undefined if there is none and `create` is false. */
  protected abstract _open(
    user: string,
    create: boolean,
    ahead: NonNullable<OpenOptions['ahead']>,
  ): Promise<AbstractUserStore | undefined>;
  protected abstract _users(): AsyncIterable<string>;
  /** Removes a user at once, or throws STORE_LOCKED. */
  protected abstract _remove(user: string): Promise<boolean>;

  /** Makes what the backend needs before its first user; nothing for most. */
  protected _init(): Promise<void> {
    return Promise.resolve();
  }

  /** What the administrator should know of the backend's own health. */
  protected _check(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  /** Lets go of what the store itself holds; called once, after all its users are closed. */
  protected _close(): Promise<void> {
    return Promise.resolve();
  }

  #check(user: string): void {
    this.#checkOpen();
    if (user === '') throw new TamisError('USER', 'The user name is empty; name one with --user.');
  }

  #checkOpen(): void {
    if (this.#closing !== undefined)
      throw new TamisError('STORE_FAILED', 'The store is closed; open it again.');
  }
}

/** Tries again while another process holds the lock, for up to `wait` milliseconds. */
async function untilUnlocked<T>(wait: number, attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + wait;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const left = end - performance.now();
      if (!(error instanceof TamisError) || error.code !== 'STORE_LOCKED' || left <= 0) throw error;
      await sleep(Math.min(patience, left));
    }
  }
}
