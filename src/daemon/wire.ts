/**
 * A connection read as protocols are: lines, then so many bytes, then lines again.
 *
 * Invariants: nothing is read ahead of what is asked for beyond the socket's own buffer, so that a client who sends faster than
 * it is served waits; a client who says nothing for the idle time is cut off; a line has a limit.
 */
import type { Socket } from 'node:net';
import { TamisError } from '../errors.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dot = 0x2e;
/** Bytes of a line at most: far above any protocol's own limit. */
const longestLine = 8192;

/** One connection. */
export class Wire {
  readonly socket: Socket;
  private readonly source: AsyncIterator<Buffer, undefined>;
  private buffered: Buffer = Buffer.alloc(0);
  private ended = false;

  /** @param idle Milliseconds of silence after which the connection is cut. */
  constructor(socket: Socket, idle: number) {
    this.socket = socket;
    socket.setTimeout(idle, () => {
      socket.destroy(new TamisError('INPUT', `The client was silent for ${idle / 1000} s.`));
    });
    this.source = socket.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, undefined>;
  }

  /**
   * The next line as Latin-1, without its end; undefined at the end of what the client sends.
   *
   * @throws TamisError INPUT for a line above the limit.
   */
  async line(): Promise<string | undefined> {
    for (let from = 0; ;) {
      const at = this.buffered.indexOf(lineFeed, from);
      if (at >= 0) {
        const line = this.buffered.toString('latin1', 0, at);
        this.buffered = this.buffered.subarray(at + 1);
        return line.endsWith('\r') ? line.slice(0, -1) : line;
      }
      from = this.buffered.length;
      if (from > longestLine)
        throw new TamisError('INPUT', `The client sent a line of more than ${longestLine} bytes.`);
      if (!(await this.fill())) return undefined;
    }
  }

  /** The next `count` bytes in pieces; fewer if the client ends before. */
  async *bytes(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0;) {
      if (this.buffered.length === 0 && !(await this.fill())) return;
      const piece = this.buffered.subarray(0, left);
      this.buffered = this.buffered.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  /**
   * The bytes up to a line of a single dot, dots at the beginning of lines taken off (RFC 5321, 4.5.2); the line is read, too.
   * Line ends stay as they come.
   *
   * @throws TamisError INPUT if the client ends before that line: what came is no message.
   */
  async *dotted(): AsyncGenerator<Buffer> {
    const need = async (): Promise<void> => {
      if (!(await this.fill())) throw new TamisError('INPUT', 'The client ended in the middle of a message.');
    };
    for (let atStart = true; ;) {
      if (this.buffered.length === 0) await need();
      if (atStart && this.buffered[0] === dot) {
        while (this.buffered.length < 3 && this.buffered[1] !== lineFeed) await need();
        const end = this.buffered[1] === lineFeed ? 2 : 3;
        if (end === 2 || (this.buffered[1] === carriageReturn && this.buffered[2] === lineFeed)) {
          this.buffered = this.buffered.subarray(end);
          return;
        }
        this.buffered = this.buffered.subarray(1);
      }
      const { buffered } = this;
      let next = 0;
      do {
        const at = buffered.indexOf(lineFeed, next);
        atStart = at >= 0;
        next = atStart ? at + 1 : buffered.length;
      } while (atStart && next < buffered.length && buffered[next] !== dot);
      this.buffered = buffered.subarray(next);
      yield buffered.subarray(0, next);
    }
  }

  /** Sends, and waits until the client takes it. */
  async send(bytes: Uint8Array | string): Promise<void> {
    const { socket } = this;
    if (socket.write(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error): void => {
        socket.off('drain', onDrain).off('close', onClose).off('error', settle);
        if (error === undefined) resolve();
        else reject(error);
      };
      const onDrain = (): void => {
        settle();
      };
      const onClose = (): void => {
        settle(new TamisError('OUTPUT', 'The client closed the connection before it had everything.'));
      };
      socket.on('drain', onDrain).on('close', onClose).on('error', settle);
    });
  }

  private async fill(): Promise<boolean> {
    if (this.ended) return false;
    const next = await this.source.next();
    if (next.done === true) this.ended = true;
    else this.buffered = this.buffered.length === 0 ? next.value : Buffer.concat([this.buffered, next.value]);
    return !this.ended;
  }
}
