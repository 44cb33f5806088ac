/**
 * A deadline that holds against loops too.
 *
 * Waiting is bounded by a timer elsewhere; a synchronous loop never lets a timer fire, so the work on a
 * message (decoding, HTML, features, scoring) runs inside {@link Deadline.run}, where the engine itself stops it: node:vm runs a
 * watchdog thread for the `timeout` of a script and ends the script wherever it is. That costs 0.1 to 0.5 ms. What is not run so is
 * mailsplit's walk through the parts, which is asynchronous; it is bounded by what it gets to see (message/split.ts).
 */
import { Script } from 'node:vm';
import { TamisError } from '../errors.ts';

const slot: unique symbol = Symbol.for('tamis.guarded work');
const holder = globalThis as typeof globalThis & { [slot]: (() => unknown) | undefined };
/** Made when there is work: who asks the daemon has none. */
let call: Script | undefined;

/** A point in time by which a judgement must be there. */
export class Deadline {
  private readonly end: number;
  private readonly milliseconds: number;
  private readonly watched: boolean;

  /** @param watched Whether loops are stopped here; not where somebody else stops the whole thread (daemon/pool.ts). */
  constructor(milliseconds: number, { watched = true }: { watched?: boolean } = {}) {
    this.milliseconds = milliseconds;
    this.watched = watched;
    this.end = now() + milliseconds;
  }

  /** Milliseconds left, 0 if it has passed. */
  remaining(): number {
    return Math.max(0, this.end - now());
  }

  /** The error that says it has passed. */
  error(): TamisError {
    return new TamisError('DEADLINE', `Judging took longer than the deadline of ${this.milliseconds} ms.`);
  }

  /** What a promise gives, or {@link error} if the deadline comes first; what it promises goes on unheeded then. */
  async within<Result>(promise: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    let turn: NodeJS.Immediate | undefined;
    const late = new Promise<never>((_, reject) => {
      // Most is there before the event loop turns, and needs no timer.
      turn = setImmediate(() => {
        timer = setTimeout(() => {
          reject(this.error());
        }, this.remaining());
      });
    });
    promise.catch(() => undefined);
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearImmediate(turn);
      clearTimeout(timer);
    }
  }

  /**
   * Runs synchronous work and stops it at the deadline. Calls do not nest.
   *
   * @throws TamisError DEADLINE; else what the work throws.
   */
  run<Result>(work: () => Result): Result {
    const timeout = Math.floor(this.remaining());
    if (timeout < 1) throw this.error();
    if (!this.watched) return work();
    holder[slot] = work;
    try {
      call ??= new Script('globalThis[Symbol.for("tamis.guarded work")]()');
      return call.runInThisContext({ timeout, displayErrors: false }) as Result;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
        throw this.error();
      throw error;
    } finally {
      holder[slot] = undefined;
    }
  }
}

/** Milliseconds of a clock that does not jump. Not performance.now(), for which Node loads more than a millisecond's worth of code. */
function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return 1000 * seconds + nanoseconds / 1e6;
}
