/**
 * The worker threads of the daemon: users spread over them by a hash of their names, one owner a user; all who are in
 * groups (judge/groups.ts) have one owner. Reading a message, a third of the work of a lesson, needs no user: whoever has less to do reads.
 *
 * A worker that dies, or that does not answer long after the deadline (a loop that even the engine cannot stop), is replaced;
 * what it was asked fails, and its users begin from what is on disk.
 */
import { Worker } from 'node:worker_threads';
import type { Config } from '../config/load.ts';
import { describe, TamisError } from '../errors.ts';
import type { Taught } from '../judge/teaching.ts';
import { isInGroups } from '../judge/groups.ts';
import { userName } from '../judge/users.ts';
import { log } from '../log.ts';
import type { Answers, Job, Judged, JobOf, Request, Response, WorkerStart } from './jobs.ts';

/** Milliseconds beyond the deadline before a worker is given up. */
const grace = 2000;
/** Milliseconds that a worker may take to write everything at the end. */
const farewell = 20_000;
/** Milliseconds between two beginnings of a worker: one that cannot begin must not take the processor from the others. */
const pause = 1000;

/**
 * MiB for what a worker has just made. Of 8, 16, 32 and Node's own 48 this is the least that judges at the full rate (4 % more than
 * 8); each doubling takes 10 to 20 MiB more for two workers.
 */
const youngMebibytes = 16;

/**
 * MiB for what stays. A worker needs 15 to 20 of them; the limit is what V8 goes by when it lets garbage pile up: up to 1.4 times what is in use before
 * it collects it, and not four times as under its own limit of gigabytes. Features of warm users do not count.
 */
const oldMebibytes = 512;

/** Where workers are found: beside the file that this is bundled into. */
const entry = new URL('./worker.js', import.meta.url);

interface Waiting {
  readonly resolve: (answer: Answers[keyof Answers]) => void;
  readonly reject: (error: TamisError) => void;
  /** When it must be there, in the time of performance.now(). */
  readonly until: number;
}

/** One thread, and what it has been asked. */
class Hand {
  private readonly waiting = new Map<number, Waiting>();
  private readonly worker: Worker;
  private count = 0;
  private gone = false;
  private watch: NodeJS.Timeout | undefined;

  constructor(start: WorkerStart, onGone: () => void) {
    this.worker = new Worker(entry, {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: youngMebibytes, maxOldGenerationSizeMb: oldMebibytes },
    });
    this.worker.on('message', (response: Response) => {
      this.settle(response);
    });
    this.worker.on('error', (error) => {
      log(`a worker failed: ${describe(error)}`);
    });
    this.worker.on('exit', () => {
      this.gone = true;
      const lost = new TamisError('DAEMON', 'The worker of this user ended before it answered; try again.');
      for (const id of [...this.waiting.keys()]) this.take(id)?.reject(lost);
      onGone();
    });
  }

  async ask<Kind extends Job['kind']>(job: JobOf<Kind>, patience: number): Promise<Answers[Kind]> {
    if (this.gone) throw new TamisError('DAEMON', 'The worker of this user has ended; try again.');
    const id = this.count++;
    const answer = await new Promise<Answers[keyof Answers]>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, until: performance.now() + patience });
      this.watch ??= this.lookIn(patience);
      this.worker.postMessage({ id, job } satisfies Request);
    });
    return answer as Answers[Kind];
  }

  /** How much it has been asked and has not answered; one that has ended can do nothing. */
  get load(): number {
    return this.gone ? Infinity : this.waiting.size;
  }

  private settle(response: Response): void {
    const waiting = this.take(response.id);
    if ('code' in response) waiting?.reject(new TamisError(response.code, response.message));
    else waiting?.resolve(response.answer);
  }

  private take(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }

  /** Looks after some milliseconds whether an answer is overdue, and again while any is waited for: one timer for all. */
  private lookIn(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.watch = undefined;
      if (this.waiting.size === 0) return;
      const left = Math.min(...Array.from(this.waiting.values(), ({ until }) => until)) - performance.now();
      if (left > 0) this.watch = this.lookIn(left);
      else {
        log('a worker does not answer and is replaced.');
        void this.worker.terminate();
      }
    }, milliseconds).unref();
  }
}

/** All workers. */
export class Pool {
  private config: Config;
  private readonly budget: number;
  private readonly hands: Hand[];
  private closing = false;

  /** @param budget Bytes that all warm users may take together. */
  constructor(config: Config, { workers, budget }: { workers: number; budget: number }) {
    this.config = config;
    this.budget = Math.floor(budget / workers);
    this.hands = Array.from({ length: workers }, (_, place) => this.hire(place));
  }

  async judge(job: JobOf<'judge'>): Promise<Judged> {
    return await this.handOf(job.user).ask<'judge'>(job, this.patience());
  }

  async teach(job: JobOf<'teach'>): Promise<Taught> {
    const until = performance.now() + this.patience();
    const excerpt = await this.readBeside(job);
    return await this.handOf(job.user).ask<'teach'>({ ...job, excerpt }, until - performance.now());
  }

  async forget(job: JobOf<'forget'>): Promise<boolean> {
    return await this.handOf(job.user).ask<'forget'>(job, this.patience());
  }

  /** Puts another configuration in force. */
  async configure(config: Config): Promise<void> {
    this.config = config;
    await Promise.all(
      this.hands.map((hand) => hand.ask<'configure'>({ kind: 'configure', config }, this.patience())),
    );
  }

  /** What warm users take altogether. */
  async figures(): Promise<Answers['figures']> {
    const all = await Promise.all(
      this.hands.map((hand) => hand.ask<'figures'>({ kind: 'figures' }, this.patience())),
    );
    return all.reduce((sum, { bytes, warm }) => ({ bytes: sum.bytes + bytes, warm: sum.warm + warm }));
  }

  /** Ends all workers once everything is on disk. */
  async close(): Promise<void> {
    this.closing = true;
    await Promise.allSettled(this.hands.map((hand) => hand.ask<'close'>({ kind: 'close' }, farewell)));
  }

  /**
   * Has a message read by another than the owner of its user, where that one has less to do: so that who teaches much has more than one
   * core, though one thread learns it all. Undefined: the owner is to read it.
   */
  private async readBeside({ user, prefix }: JobOf<'teach'>): Promise<Answers['read'] | undefined> {
    if (prefix === undefined) return undefined;
    const idlest = this.hands.reduce((one, other) => (other.load < one.load ? other : one));
    if (idlest.load >= this.handOf(user).load) return undefined;
    return await idlest.ask<'read'>({ kind: 'read', prefix }, this.patience());
  }

  private handOf(user: string): Hand {
    const name = userName(user, this.config);
    // One thread for all who read each other's data.
    const owner = isInGroups(this.config, name) ? 'groups' : name;
    const hand = this.hands[hashOf(owner) % this.hands.length];
    if (hand === undefined) throw new TamisError('DAEMON', 'The daemon has no workers.');
    return hand;
  }

  private patience(): number {
    return this.config.settings.deadline * 1000 + grace;
  }

  private hire(place: number): Hand {
    const begun = performance.now();
    return new Hand({ config: this.config, budget: this.budget }, () => {
      const again = (): void => {
        if (!this.closing) this.hands[place] = this.hire(place);
      };
      setTimeout(again, Math.max(0, begun + pause - performance.now())).unref();
    });
  }
}

/** FNV-1a over the UTF-16 of a name: it need not be a good hash, but a quick one. Unsigned. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) >>> 0;
}
