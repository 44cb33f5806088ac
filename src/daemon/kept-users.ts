/**
 * The users of a worker: who is warm (kept-user.ts), within a budget of bytes.
 *
 * A cold user who comes back is made warm if there is room, or if the warm user who has been without mail for longest has been so
 * for longer than this one was away: so a thousand users who get mail in turn do not push each other out for ever, and a burst of
 * mail for one soon makes them warm. The work that made a user warm does not wait for it; the next does.
 *
 * Limits: open stores and remembered users are bounded ({@link mostOpen}, {@link mostSeen}); those without mail for longest
 * go first. A store of a user who has work at the moment is let go of when that is done.
 */
import type { Config } from '../config/load.ts';
import { describe } from '../errors.ts';
import { userName } from '../judge/users.ts';
import type { TokenMemory } from '../judge/dspam-filter.ts';
import type { Memory } from '../judge/userfilter.ts';
import { log } from '../log.ts';
import type { OpenOptions, Store } from '../store/contract.ts';
import { KeptUser } from './kept-user.ts';

/** An open LevelDB takes 4 descriptors, up to 1 MiB of what it has not yet written, and the pages of it that were read. */
const mostOpen = 16;
/** How many cold users' last work is remembered. */
const mostSeen = 10_000;

/** Milliseconds before a user is made warm again, where another process goes on learning beside this one. */
const rest = 10_000;

/** A user with an open store or features in memory, and when work last came. */
interface Kept {
  readonly user: KeptUser;
  last: number;
}

/** All users of one worker. */
export class KeptUsers {
  private readonly backend: Store;
  private readonly budget: number;
  /** In the order of their last work, the longest ago first. */
  private readonly kept = new Map<string, Kept>();
  /** One at a time: reading all features of a user takes a core for half a second, and others wait for their mail. */
  private warming = false;
  /** When work last came for the others, in the same order. */
  private readonly seen = new Map<string, number>();

  /** @param budget Bytes that warm users may take together. */
  constructor(backend: Store, budget: number) {
    this.backend = backend;
    this.budget = budget;
  }

  /** Does work with a user's memory; in the form of withUser (judge/users.ts), which it takes the place of. */
  async with<Result>(
    config: Config,
    given: string,
    options: OpenOptions,
    work: (memory: (Memory & TokenMemory) | undefined) => Promise<Result>,
  ): Promise<Result> {
    const name = userName(given, config);
    const now = performance.now();
    const away = now - (this.kept.get(name)?.last ?? this.seen.get(name) ?? -Infinity);
    const user = this.kept.get(name)?.user ?? this.create(name);
    this.kept.delete(name);
    this.kept.set(name, { user, last: now });
    this.makeRoom(user);
    try {
      return await user.run(options, work);
    } finally {
      // Warm users hold features only, not the tokens of DSPAM's engine.
      const warms = user.readsFeatures && now - user.warmedAt > rest && this.admits(away, now);
      if (user.isOpen && !user.isWarm && warms) void this.warm(user);
    }
  }

  /** Writes everything and lets go of all stores. */
  async close(): Promise<void> {
    await Promise.all([...this.kept.values()].map(({ user }) => user.release(true)));
  }

  /** Bytes that warm users take, and how many there are. */
  figures(): { readonly bytes: number; readonly warm: number } {
    let bytes = 0;
    let warm = 0;
    for (const { user } of this.kept.values()) {
      bytes += user.bytes;
      if (user.isWarm) warm++;
    }
    return { bytes, warm };
  }

  private create(name: string): KeptUser {
    const user = new KeptUser(name, this.backend);
    user.onIdle = () => {
      this.letGo(user);
    };
    return user;
  }

  /** A user without an open store and without features in memory is only remembered. */
  private letGo(user: KeptUser): void {
    const kept = this.kept.get(user.name);
    if (kept?.user !== user || user.isWarm || user.isBusy) return;
    this.kept.delete(user.name);
    this.seen.delete(user.name);
    this.seen.set(user.name, kept.last);
    for (const oldest of this.seen.keys()) {
      if (this.seen.size <= mostSeen) break;
      this.seen.delete(oldest);
    }
  }

  private admits(away: number, now: number): boolean {
    if (away === Infinity || this.warming) return false;
    if (this.figures().bytes < this.budget) return true;
    const coldest = this.coldest();
    return coldest !== undefined && now - coldest.last > away;
  }

  /** Where the budget is used up, lets go of the warm user who has been without mail for longest. */
  private async makeWay(): Promise<void> {
    if (this.figures().bytes >= this.budget) await this.coldest()?.user.release(true);
  }

  private coldest(): Kept | undefined {
    for (const kept of this.kept.values()) if (kept.user.isWarm) return kept;
    return undefined;
  }

  private async warm(user: KeptUser): Promise<void> {
    this.warming = true;
    try {
      // Before, too: what is read must not lie beside what it pushes out.
      await this.makeWay();
      await user.makeWarm();
      this.makeRoom(user);
    } catch (error) {
      log(`${user.name} is judged from disk: ${describe(error)}`);
    } finally {
      this.warming = false;
    }
  }

  /** Keeps to the budget and to the number of open stores; the user who has work stays, and one who is being read into memory. */
  private makeRoom(except: KeptUser): void {
    let { bytes } = this.figures();
    let open = 0;
    for (const { user } of this.kept.values()) if (user.isOpen) open++;
    for (const { user } of this.kept.values()) {
      if (bytes <= this.budget && open <= mostOpen) break;
      if (user === except || user.isBeingRead) continue;
      const tooMuch = bytes > this.budget && user.isWarm;
      if (!tooMuch && (open <= mostOpen || !user.isOpen)) continue;
      bytes -= tooMuch ? user.bytes : 0;
      open -= user.isOpen ? 1 : 0;
      user.release(tooMuch).catch((error: unknown) => {
        log(`${user.name}: ${describe(error)}`);
      });
    }
  }
}
