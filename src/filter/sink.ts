/**
 * Where a filtered message goes, piece by piece.
 */
import { closeChecked, writeAll } from './output.ts';

/** One delivery: any number of writes, then `finish`, and `abort` if any of them threw. All of it is synchronous. */
export interface Sink {
  /** Takes the next bytes; they are not needed after the call. Throws TamisError if they cannot be kept. */
  write(bytes: Uint8Array): void;
  /** Ends the delivery and returns the exit status. Throws TamisError if the message did not arrive. */
  finish(): number;
  /** Gives the delivery up and leaves nothing behind. Never throws. */
  abort(): void;
}

/** Writes the message to a descriptor, and closes that at the end. What was written cannot be taken back. */
export class StreamSink implements Sink {
  private readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  write(bytes: Uint8Array): void {
    writeAll(this.fd, bytes, 'stdout');
  }

  finish(): number {
    closeChecked(this.fd, 'stdout');
    return 0;
  }

  abort(): void {
    // Nothing is held.
  }
}

/** Writes one text to a descriptor in place of the message, once that has been read to its end. */
export class TextSink implements Sink {
  private readonly stream: StreamSink;
  private readonly text: string;

  constructor(fd: number, text: string) {
    this.stream = new StreamSink(fd);
    this.text = text;
  }

  write(): void {
    // The writer of the message must not get a broken pipe, so it is read; it goes nowhere.
  }

  finish(): number {
    this.stream.write(Buffer.from(this.text));
    return this.stream.finish();
  }

  abort(): void {
    // Nothing is held.
  }
}
