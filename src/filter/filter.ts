/**
 * One message through the filter: prefix, judgement within the deadline, and out; or, whatever fails, out as it came.
 *
 * An entry makes a {@link Passage}, guards it with {@link lastResort}, and leaves with the status that one of the two functions
 * gives, by process.exit: the judgement may still hang in a lock when the message is out.
 */
import { describe } from '../errors.ts';
import { Deadline } from '../judge/deadline.ts';
import type { Verdict } from '../judge/verdict.ts';
import { log, logError } from '../log.ts';
import type { Edit } from './edit.ts';
import type { Prefix } from './input.ts';
import type { Passage } from './passage.ts';

/** How a message is judged. */
export interface FilterOptions {
  /**
   * Gives the verdict. It gets a copy of the prefix, so that nothing it does can touch what goes out. It resolves once it has
   * let go of the store, because a delivery command may take its time. Its synchronous loops must be run by
   * the deadline, which a timer cannot stop.
   */
  readonly judge: (prefix: Buffer, deadline: Deadline) => Promise<Verdict>;
  /** Milliseconds that a judgement may take, from when the prefix has been read. */
  readonly deadlineMs: number;
  /** Bytes that are held and judged. */
  readonly prefixBytes: number;
  /** Footers, as edits of the prefix behind the header block. If it fails or is late, the message goes out without. */
  readonly footer?: ((prefix: Prefix, verdict: Verdict) => Promise<readonly Edit[]>) | undefined;
}

/** Sends a message through and returns the exit status: 0, 75, or that of the delivery command. Never rejects. */
export async function filterMessage(passage: Passage, options: FilterOptions): Promise<number> {
  let prefix: Prefix;
  try {
    const { bytes, whole } = passage.read(options.prefixBytes);
    prefix = { bytes: Buffer.from(bytes), whole };
  } catch (error) {
    return passage.deferred(error);
  }
  const deadline = new Deadline(options.deadlineMs);
  try {
    const verdict = await deadline.within(options.judge(prefix.bytes, deadline));
    return passage.judged(verdict, await footersOf(prefix, verdict, options, deadline));
  } catch (error) {
    return passage.unjudged(error);
  }
}

/**
 * Ends a message that cannot be filtered because the command line or the configuration is wrong. With a message for
 * stdout it passes unjudged, as for any other failure; no other delivery can be trusted to be what was meant, so it is 75.
 */
export function passUnjudged(passage: Passage, reason: unknown): number {
  return passage.deliver.kind === 'stdout' ? passage.unjudged(reason) : passage.deferred(reason);
}

/**
 * The last resort: an error that nobody caught ends the message unjudged, and the process with its status. After the
 * message has ended, the status stays what it was.
 */
export function lastResort(passage: Passage): void {
  const leave = (error: unknown): never => {
    if (passage.status !== undefined) logError(error);
    process.exit(passage.unjudged(error));
  };
  process.on('uncaughtException', leave);
  process.on('unhandledRejection', leave);
}

async function footersOf(
  prefix: Prefix,
  verdict: Verdict,
  { footer }: FilterOptions,
  deadline: Deadline,
): Promise<readonly Edit[]> {
  if (footer === undefined) return [];
  try {
    return await deadline.within(footer(prefix, verdict));
  } catch (error) {
    log(`the message goes out without a footer: ${describe(error)}`);
    return [];
  }
}
