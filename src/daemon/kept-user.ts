/**
 * One user whom a worker serves: one piece of work after another, and the user's store open only while there is work.
 *
 * A user is *cold* at first: features are read from the store by key. A user whom mail comes for again and again is made
 * *warm* (users.ts decides): all features in memory, changes written behind. What a person teaches is on disk before the work
 * resolves, shared with all teaching that waits; signatures and counts of mail that passes follow within twice {@link held}
 * changes or when the store is let go of.
 *
 * The store is let go of after {@link idle} without work and every {@link longest} under work, so that the commands (train, stats,
 * users, the filter itself) work beside a daemon. What another process learned meanwhile is read again then.
 *
 * Invariant: after an error of the store nothing of the user is kept: the next work begins from what is on disk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TokenMemory } from '../judge/dspam-filter.ts';
import { preferenceNote } from '../judge/preferences.ts';
import type { Memory } from '../judge/userfilter.ts';
import { WarmReading, type WarmUser } from '../judge/warm.ts';
import { describe, systemCode, TamisError } from '../errors.ts';
import { log } from '../log.ts';
import type { Change, NoteSpace, OpenOptions, Store, Totals, UserStore } from '../store/contract.ts';

/** Milliseconds without work after which the store is let go of. */
const idle = 300;
/** Milliseconds after which it is let go of under work, below the deadline (5 s) that others wait for it. */
const longest = 4000;
/** Milliseconds that others have for it then: more than the 20 between their tries (store/). */
const pause = 30;
/** Changes after which they are written when there is no other work; at twice as many they are written whatever waits. */
const held = 16;

/** One user of a worker. */
export class KeptUser implements Memory, TokenMemory {
  readonly name: string;
  private readonly backend: Store;
  private store: UserStore | undefined;
  private warm: WarmUser | undefined;
  /** What is being read into memory beside the work, until the store is let go of. */
  private reading: WarmReading | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private openedAt = 0;
  /** When all features were last read, in the time of performance.now(). */
  warmedAt: number = -Infinity;
  /** What the user has set, as it was when the store was opened: every message asks for it. */
  private readonly preferences = new Map<string, Promise<Uint8Array | undefined>>();
  private unwritten = 0;
  /** Whether something that a person taught is among what is held back. */
  private taught = false;
  private writing: Promise<void> | undefined;
  /** Whether work has asked for features, so that it would be quicker with them in memory. */
  readsFeatures = false;
  /** How often all that was kept had to be forgotten. */
  private losses = 0;
  private timer: NodeJS.Timeout | undefined;
  /** Called when the store has been let go of because there is no work. */
  onIdle: (() => void) | undefined;

  constructor(name: string, backend: Store) {
    this.name = name;
    this.backend = backend;
  }

  /** Bytes of memory that the user's features take; 0 for a cold user. */
  get bytes(): number {
    return this.warm?.bytes ?? 0;
  }

  get isWarm(): boolean {
    return this.warm !== undefined;
  }

  /** Whether the user is being read into memory, which ends if the store is let go of. */
  get isBeingRead(): boolean {
    return this.reading !== undefined;
  }

  /** Whether there is work that has not ended. */
  get isBusy(): boolean {
    return this.waiting > 0;
  }

  get isOpen(): boolean {
    return this.store !== undefined;
  }

  /**
   * Does a piece of work after all that was asked for before it. It gets undefined for an unknown user who is not to be created.
   * What it applied as durable is on disk when this resolves.
   */
  async run<Result>(
    options: OpenOptions,
    work: (memory: (Memory & TokenMemory) | undefined) => Promise<Result>,
  ): Promise<Result> {
    const [result, losses] = await this.inTurn(async () => {
      await this.open(options);
      return [await work(this.store === undefined ? undefined : this), this.losses] as const;
    });
    if (this.taught) await this.written();
    if (this.losses !== losses) {
      throw new TamisError('STORE_FAILED', `What ${this.name} taught may not be on disk; teach it again.`);
    }
    return result;
  }

  /**
   * Reads all features of the user into memory, beside the work, which may have to wait half a second for it otherwise. Whoever lets go of the
   * store meanwhile ends it.
   */
  async makeWarm(): Promise<void> {
    const reading = await this.inTurn(async () => {
      if (this.warm !== undefined) return undefined;
      await this.open({ create: false });
      if (this.store === undefined) return undefined;
      this.reading = await WarmReading.begin(this.store);
      if (this.backend.isShared) await this.reading.read();
      return this.reading;
    });
    if (reading === undefined) return;
    const read = reading.read();
    await Promise.allSettled([read]);
    await this.inTurn(async () => {
      if (this.reading !== reading) return;
      this.reading = undefined;
      await read;
      this.warm = reading.end();
      this.warmedAt = performance.now();
    });
  }

  /** Writes what is held back and lets go of the store; `cool` also forgets what is in memory. */
  async release(cool: boolean): Promise<void> {
    await this.inTurn(async () => {
      await this.letGo({ isBrief: false });
      if (cool) this.warm = undefined;
    });
  }

  readFeatures(keys: Float64Array): Promise<Int32Array> {
    this.readsFeatures = true;
    return this.memory().readFeatures(keys);
  }

  readTokens(keys: BigUint64Array): Promise<Int32Array> {
    if (this.store === undefined) throw new Error(`${this.name} is not open.`);
    return this.store.readTokens(keys);
  }

  async dspamSignature(id: string): Promise<BigUint64Array | undefined> {
    return await this.store?.dspamSignature?.(id);
  }

  totals(): Promise<Totals> {
    return this.memory().totals();
  }

  note(space: NoteSpace, key: Uint8Array, now?: number): Promise<Uint8Array | undefined> {
    if (space !== 'preference') return this.memory().note(space, key, now);
    const name = Buffer.from(key).toString('latin1');
    const note = this.preferences.get(name) ?? this.memory().note(space, key, now);
    this.preferences.set(name, note);
    return note;
  }

  async apply(change: Change, options?: { durable?: boolean }): Promise<void> {
    if (change.notes?.some(({ space }) => space === 'preference') === true) this.preferences.clear();
    // Where others learn meanwhile, a change that relies on what was read may be refused: nothing else may be refused with it.
    const relies = this.backend.isShared && (change.expects?.length ?? 0) > 0;
    if (relies) await this.write();
    await this.memory().apply(change, options);
    this.reading?.missed(change);
    if (this.warm === undefined) return;
    this.unwritten++;
    if (options?.durable === true) this.taught = true;
    // Tokens, and signatures of DSPAM's own, are read from the store, never from memory.
    const isForStore = (change.tokens?.keys.length ?? 0) > 0 || change.signature !== undefined;
    const due = this.taught ? 0 : this.unwritten;
    if (relies || isForStore || due >= 2 * held) await this.write();
    // Behind this work, which the client waits for, and behind all that waits already.
    else if (due === held) this.writeBehind();
  }

  private memory(): Memory {
    const memory = this.warm ?? this.store;
    if (memory === undefined) throw new Error(`${this.name} is not open.`);
    return memory;
  }

  private async open(options: OpenOptions): Promise<void> {
    if (this.store !== undefined && performance.now() - this.openedAt > longest) {
      await this.letGo({ isBrief: true });
      await sleep(pause);
    }
    if (this.store !== undefined) return;
    this.preferences.clear();
    this.store = await this.backend.open(this.name, { ahead: [preferenceNote], ...options });
    this.openedAt = performance.now();
    if (this.store === undefined || !(await this.warm?.follow(this.store))) this.warm = undefined;
  }

  /** Resolves when all that was taught before is on disk: one write for all who wait. */
  private written(): Promise<void> {
    this.writing ??= this.inTurn(async () => {
      this.writing = undefined;
      await this.write();
    });
    return this.writing;
  }

  /** Not before the event loop turns: the answer goes out first. */
  private writeBehind(): void {
    setImmediate(() => {
      this.written().catch((error: unknown) => {
        log(`${this.name}: ${describe(error)}`);
      });
    });
  }

  private async write(): Promise<void> {
    if (this.warm === undefined || this.unwritten === 0) return;
    try {
      await this.warm.flush({ durable: this.taught });
    } catch (error) {
      this.forget();
      throw error;
    }
    this.unwritten = 0;
    this.taught = false;
  }

  private async letGo(options: { isBrief: boolean }): Promise<void> {
    const { store } = this;
    if (store === undefined) return;
    try {
      await this.write();
    } finally {
      this.store = undefined;
      this.reading = undefined;
      await store.close(options);
    }
  }

  private async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    this.waiting++;
    const done = this.last.then(work);
    const settled = done.then(
      () => undefined,
      (error: unknown) => this.afterError(error),
    );
    this.last = settled;
    try {
      return await done;
    } finally {
      await settled;
      this.waiting--;
      if (this.waiting === 0) this.awaitWork();
    }
  }

  /** One timer for all work: to make a new one for each takes long. */
  private awaitWork(): void {
    if (this.timer === undefined) this.timer = setTimeout(() => void this.goIdle(), idle);
    else this.timer.refresh();
  }

  private async goIdle(): Promise<void> {
    try {
      if (this.waiting > 0 || this.reading !== undefined) return;
      if (this.store !== undefined) await this.release(false);
    } catch (error) {
      log(`${this.name}: ${describe(error)}`);
    }
    if (this.waiting > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.onIdle?.();
  }

  /** Goes on from what is on disk. */
  private forget(): void {
    this.warm = undefined;
    this.reading = undefined;
    this.unwritten = 0;
    this.taught = false;
    this.losses++;
  }

  /** After an error of the store, what is in memory may differ from what is on disk. */
  private async afterError(error: unknown): Promise<void> {
    const code = systemCode(error) ?? 'STORE_FAILED';
    if (!code.startsWith('STORE_') || code === 'STORE_LOCKED') return;
    const { store } = this;
    this.store = undefined;
    this.forget();
    await store?.close().catch(() => undefined);
  }
}
