/**
 * A message as it comes on a file descriptor: a prefix that is held, then chunks that are not.
 *
 * Invariant: whatever the size of the message, at most the prefix and one chunk are in memory. All reads are synchronous;
 * the process has nothing else to do before the message is there.
 */
import { readSync } from 'node:fs';
import { TamisError } from '../errors.ts';
import { retrying } from './retry.ts';

/** Bytes that are read at a time once the prefix is full. */
const chunkBytes = 64 * 1024;

/** The beginning of a message. */
export interface Prefix {
  readonly bytes: Buffer;
  /** Whether this is all of the message. */
  readonly whole: boolean;
}

/** Reads one message, once, from its beginning to its end. */
export class Input {
  /** The descriptor that is read. */
  readonly fd: number;
  /** How many bytes have been read from it so far. */
  bytesRead = 0;
  private readonly buffer = Buffer.allocUnsafe(chunkBytes);
  private ahead: Buffer | undefined;

  constructor(fd = 0) {
    this.fd = fd;
  }

  /**
   * Reads the beginning of the message: to be called once and before {@link next}. It looks a chunk ahead,
   * so that a message exactly as long as the prefix is known to be whole.
   *
   * @param limit Bytes that the prefix may have at most.
   * @throws TamisError INPUT if the descriptor cannot be read.
   */
  prefix(limit: number): Prefix {
    const space = Buffer.allocUnsafe(limit);
    let length = 0;
    while (length < limit) {
      const count = this.read(space, length, limit - length);
      if (count === 0) return { bytes: space.subarray(0, length), whole: true };
      length += count;
    }
    this.ahead = this.next();
    return { bytes: space, whole: this.ahead === undefined };
  }

  /**
   * The next bytes of the message, or undefined at its end. They stand in a buffer that the next call
   * overwrites.
   *
   * @throws TamisError INPUT if the descriptor cannot be read.
   */
  next(): Buffer | undefined {
    const { ahead } = this;
    if (ahead !== undefined) {
      this.ahead = undefined;
      return ahead;
    }
    const count = this.read(this.buffer, 0, chunkBytes);
    return count === 0 ? undefined : this.buffer.subarray(0, count);
  }

  private read(into: Buffer, at: number, length: number): number {
    try {
      const count = retrying(() => readSync(this.fd, into, at, length, null));
      this.bytesRead += count;
      return count;
    } catch (cause) {
      throw new TamisError('INPUT', 'The message cannot be read from stdin.', { cause });
    }
  }
}
