/**
 * One message on its way through: what has been read, whether anything has gone out, and how it ends.
 *
 * It can end at any time before the first byte is out, judged or not, and ends once: a second ending returns the status of the
 * first. The ends are synchronous, so that nothing can come between the first byte and the last. The status is 0, 75
 * (EX_TEMPFAIL, the only failure that every host takes as "try again"), or that of the delivery command.
 */
import { describe, TamisError } from '../errors.ts';
import type { Verdict } from '../judge/verdict.ts';
import { log } from '../log.ts';
import { openSink, type Deliver } from './deliver.ts';
import { applyEdits, type Edit } from './edit.ts';
import { HeaderBlock } from './headerblock.ts';
import { headerLines } from './headers.ts';
import type { Input, Prefix } from './input.ts';
import { checkOpen } from './output.ts';
import type { Sink } from './sink.ts';

/** EX_TEMPFAIL of sysexits.h. */
const temporaryFailure = 75;
/** Bytes of the prefix where no configuration says otherwise. */
const defaultPrefix = 256 * 1024;

/** What stands for a message that is not there. */
export const blankMessage = '\n\n';

/** Ways out that are stdout. */
const onStdout: readonly Deliver['kind'][] = ['stdout', 'summary', 'chosen'];

/** Whether a message that was not judged can go out. */
function letsOut(deliver: Deliver): boolean {
  if (deliver.kind === 'chosen') return deliver.innocent || deliver.spam;
  return deliver.kind !== 'summary';
}

/** What a message passes between. */
export interface PassageOptions {
  readonly input: Input;
  readonly deliver: Deliver;
  /** What becomes of a message that cannot be judged: it passes as it came, or the host tries again later. */
  readonly onError: 'pass' | 'defer';
  /** Whether no message is needed, because a signature stands for it: then {@link blankMessage} goes out, as from DSPAM (capture 24). */
  readonly blank?: boolean;
  /** The descriptor that stands for stdout; 1 unless a test says otherwise. */
  readonly output?: number;
}

/** One message through. */
export class Passage {
  private readonly options: PassageOptions;
  private readonly output: number;
  private held: Prefix | undefined;
  private ended: number | undefined;

  constructor(options: PassageOptions) {
    this.options = options;
    this.output = options.output ?? 1;
  }

  /** The exit status, once the message has ended. */
  get status(): number | undefined {
    return this.ended;
  }

  /** What is done with the message. */
  get deliver(): Deliver {
    return this.options.deliver;
  }

  /**
   * The beginning of the message, read on the first call.
   *
   * @param limit Bytes that are held at most; of no effect after the first call.
   * @throws TamisError INPUT if stdin cannot be read or is empty: no host hands over an empty message, so
   *   something before us has failed. OUTPUT if stdout was closed from the beginning.
   */
  read(limit: number = defaultPrefix): Prefix {
    if (this.held !== undefined) return this.held;
    if (onStdout.includes(this.deliver.kind)) checkOpen(this.output);
    let prefix = this.options.input.prefix(limit);
    if (prefix.bytes.length === 0) {
      if (this.options.blank !== true) throw new TamisError('INPUT', 'There is no message on stdin.');
      prefix = { bytes: Buffer.from(blankMessage), whole: true };
    }
    this.held = prefix;
    return prefix;
  }

  /**
   * Ends with the message and its header lines.
   *
   * @param footers Edits of the prefix behind the header block.
   * @returns The exit status.
   */
  judged(verdict: Verdict, footers: readonly Edit[]): number {
    let lines: string;
    try {
      lines = headerLines(verdict);
    } catch (error) {
      return this.unjudged(error);
    }
    return this.end(() => this.send(lines, verdict, footers));
  }

  /**
   * Ends for a reason for which there is no verdict: the message as it came, less the fields of ours that the
   * sender put in; or {@link deferred}, where that was asked for or there is only a summary to give.
   *
   * @returns The exit status.
   */
  unjudged(reason: unknown): number {
    if (this.options.onError === 'defer' || !letsOut(this.deliver)) return this.deferred(reason);
    return this.end(() => {
      log(`the message passes unjudged: ${describe(reason)}`);
      return this.send('', undefined, []);
    });
  }

  /** Ends with status 75 and a line that says why; nothing goes out. */
  deferred(reason: unknown): number {
    return this.end(() => {
      log(`nothing is delivered, try again later: ${describe(reason)}`);
      return temporaryFailure;
    });
  }

  private end(ending: () => number): number {
    if (this.ended === undefined) {
      // Should an ending itself end in an uncaught error, then not with a second try at the same message.
      this.ended = temporaryFailure;
      try {
        this.ended = ending();
      } catch (error) {
        log(`the delivery failed, try again later: ${describe(error)}`);
      }
    }
    return this.ended;
  }

  private send(lines: string, verdict: Verdict | undefined, footers: readonly Edit[]): number {
    const { input, deliver, onError } = this.options;
    const { bytes, whole } = this.read();
    const original = onError === 'pass' ? input : undefined;
    const sink = openSink(deliver, { verdict, output: this.output, original });
    try {
      const block = new HeaderBlock(lines);
      const written = writePieces(sink, message(bytes, whole, block, footers, input));
      if (written === 0) throw new TamisError('INPUT', 'The message is nothing but X-DSPAM lines.');
      if (!block.complete) log('the header block has no end; the message passes without our lines.');
      return sink.finish();
    } catch (error) {
      sink.abort();
      throw error;
    }
  }
}

/** The whole message as it goes out, in pieces that are good until the next is asked for. */
function* message(
  prefix: Buffer,
  whole: boolean,
  block: HeaderBlock,
  footers: readonly Edit[],
  input: Input,
): Generator<Uint8Array> {
  yield* applyEdits(prefix, [...block.prefix(prefix, whole), ...footers]);
  for (let chunk = input.next(); chunk !== undefined; chunk = input.next()) yield* block.push(chunk);
  yield* block.end();
}

function writePieces(sink: Sink, pieces: Iterable<Uint8Array>): number {
  let written = 0;
  for (const piece of pieces) {
    sink.write(piece);
    written += piece.length;
  }
  return written;
}
