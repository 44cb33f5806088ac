/**
 * The daemon's log: a line of JSON for each message on stderr, for journald, multilog or whoever reads it. Never
 * the text of a message, and never a file of our own: a log that fills the disk has lost mail.
 *
 * A reader who does not read must not hold up mail: lines wait in memory up to {@link waiting}, then they are lost.
 */
import { pino, type Logger } from 'pino';

/** Bytes that are written at a time, and milliseconds after which less is. */
const block = 4096;
const latest = 500;
/** Bytes that may wait for a slow reader. */
const waiting = 1024 * 1024;

/** What became of a message. */
export interface Outcome {
  readonly user: string;
  /** The protocol that brought it. */
  readonly via: string;
  readonly what: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds from when the message was there to the answer. */
  readonly ms: number;
  readonly result?: string | undefined;
  readonly probability?: number | undefined;
  readonly confidence?: number | undefined;
  readonly signature?: string | undefined;
  readonly learning?: string | undefined;
  /** A stable code (errors.ts), and its sentence. */
  readonly error?: string | undefined;
  readonly reason?: string | undefined;
}

/** Writes the log. */
export class Journal {
  private readonly logger: Logger;
  private readonly destination: ReturnType<typeof pino.destination>;

  constructor() {
    this.destination = pino.destination({
      dest: 2,
      sync: false,
      minLength: block,
      periodicFlush: latest,
      maxLength: waiting,
    });
    this.logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, this.destination);
  }

  /** One message. */
  tell(outcome: Outcome): void {
    const { probability, confidence } = outcome;
    const line = {
      ...outcome,
      ...(probability === undefined ? {} : { probability: rounded(probability) }),
      ...(confidence === undefined ? {} : { confidence: rounded(confidence) }),
      ms: Math.round(outcome.ms * 10) / 10,
    };
    if (outcome.error === undefined) this.logger.info(line);
    else this.logger.error(line);
  }

  /** Writes what waits, at the end. */
  close(): void {
    this.destination.flushSync();
  }
}

/** To four places, as in the headers. */
function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
