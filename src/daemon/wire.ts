/**
 * A connection read as protocols are: lines, then so many bytes, then lines again.
 *
 * Invariants: nothing is read ahead of what is asked for beyond the socket's own buffer, so that a client who sends faster than
 * it is served waits; a client who says nothing for the idle time is cut off; a line has a limit. What is put down to be sent goes
 * out before anything is waited for, so that neither end waits for the other, and what belongs together goes out together.
 */
import type { Socket } from 'node:net';
import { TamisError } from '../errors.ts';
import { DotReader, type LineEnd } from './lines.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const nothing: Buffer = Buffer.alloc(0);
/** Milliseconds that what has been sent may still take to come when the daemon ends. */
const lastChance = 200;
/** Bytes of a line at most: far above any protocol's own limit. */
const longestLine = 8192;
/** Bytes put down to be sent from which they are sent: a message does not lie in memory once more. */
const mostPutDown = 64 * 1024;

/** One connection. */
export class Wire {
  readonly socket: Socket;
  /** Whether it came in by a Unix socket, whose permissions say who may. */
  readonly isUnix: boolean;
  private readonly idle: number;
  private readonly ending: AbortSignal | undefined;
  private buffered = nothing;
  /** Called when there may be more to read. */
  private wake: (() => void) | undefined;
  private putDown: Uint8Array[] = [];
  private putDownBytes = 0;

  /**
   * @param idle Milliseconds of silence after which the connection is cut.
   * @param ending Given when the daemon ends.
   */
  constructor(
    socket: Socket,
    idle: number,
    { isUnix = false, ending }: { isUnix?: boolean; ending?: AbortSignal } = {},
  ) {
    this.socket = socket;
    this.isUnix = isUnix;
    this.idle = idle;
    this.ending = ending;
    socket.setTimeout(idle, () => {
      socket.destroy(new TamisError('INPUT', `The other end was silent for ${idle / 1000} s.`));
    });
    // Not by the stream's own iterator: a second who reads, after the first has been given up, would lose what comes.
    for (const event of ['readable', 'end', 'close', 'error']) socket.on(event, () => this.wake?.());
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
        throw new TamisError('INPUT', `The other end sent a line of more than ${longestLine} bytes.`);
      if (!(await this.fill())) return undefined;
    }
  }

  /** As {@link line}, for what begins something new: undefined, too, if the daemon ends before it has come. */
  async beginning(): Promise<string | undefined> {
    const { ending } = this;
    if (ending === undefined) return await this.line();
    if (ending.aborted) return undefined;
    return await new Promise<string | undefined>((resolve, reject) => {
      const end = (): void => {
        setTimeout(() => {
          resolve(undefined);
        }, lastChance);
      };
      ending.addEventListener('abort', end);
      this.line()
        .then(resolve, reject)
        .finally(() => {
          ending.removeEventListener('abort', end);
        });
    });
  }

  /** Whether the daemon is ending: nothing new is to be begun. */
  get isEnding(): boolean {
    return this.ending?.aborted === true;
  }

  /** Whether the client has sent more than was asked for, but for line ends. */
  get hasMore(): boolean {
    return this.buffered.some((byte) => byte !== lineFeed && byte !== carriageReturn);
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
   * Says the last word, then reads on without taking anything, up to `limit` bytes: a client that is still sending would lose what
   * it was told, were the connection closed.
   */
  async sendLast(text: string, limit: number): Promise<void> {
    this.socket.end(text);
    const rest = this.bytes(limit);
    let done: boolean | undefined = false;
    while (done !== true) ({ done } = await rest.next());
  }

  /**
   * The bytes up to a line of a single dot, dots at the beginning of lines taken off (lines.ts); the line is read, too.
   * Line ends stay as they come.
   *
   * @throws TamisError INPUT if the client ends before that line: what came is no message.
   */
  async *dotted(lineEnd: LineEnd): AsyncGenerator<Buffer> {
    const reader = new DotReader(lineEnd);
    for (let rest: Buffer | undefined; rest === undefined;) {
      if (this.buffered.length === 0 && !(await this.fill()))
        throw new TamisError('INPUT', 'The client ended in the middle of a message.');
      const read = reader.push(this.buffered);
      ({ rest } = read);
      this.buffered = rest ?? nothing;
      if (read.content.length > 0) yield read.content;
    }
  }

  /** Does work that the other end waits for: its silence is no fault of its own meanwhile. */
  async whileItWaits<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.flush();
    this.socket.setTimeout(0);
    try {
      return await work();
    } finally {
      this.socket.setTimeout(this.idle);
    }
  }

  /** Puts down what is sent with what follows: before the next wait for the other end, or by {@link flush}. The bytes must stay until then. */
  async put(bytes: Uint8Array | string): Promise<void> {
    const piece = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    this.putDown.push(piece);
    this.putDownBytes += piece.length;
    if (this.putDownBytes >= mostPutDown) await this.flush();
  }

  /** Sends what was put down, and waits until the other end takes it. */
  async flush(): Promise<void> {
    const { putDown } = this;
    if (putDown.length === 0) return;
    const [first = nothing] = putDown;
    this.putDown = [];
    this.putDownBytes = 0;
    await this.write(putDown.length === 1 ? first : Buffer.concat(putDown));
  }

  /** Sends, behind what was put down, and waits until the other end takes it. */
  async send(bytes: Uint8Array | string): Promise<void> {
    await this.put(bytes);
    await this.flush();
  }

  private async write(bytes: Uint8Array): Promise<void> {
    const { socket } = this;
    const gone = (): TamisError =>
      new TamisError('OUTPUT', 'The other end closed the connection before it had everything.');
    // Nothing would be heard of a socket that has been closed already.
    if (!socket.writable) throw gone();
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
        settle(gone());
      };
      socket.on('drain', onDrain).on('close', onClose).on('error', settle);
    });
  }

  private async fill(): Promise<boolean> {
    await this.flush();
    const next = await this.next();
    if (next === undefined) return false;
    this.buffered = this.buffered.length === 0 ? next : Buffer.concat([this.buffered, next]);
    return true;
  }

  /** What has come since; undefined at the end. */
  private async next(): Promise<Buffer | undefined> {
    const { socket } = this;
    for (;;) {
      const next = socket.read() as Buffer | null;
      if (next !== null) return next;
      if (socket.readableEnded) return undefined;
      if (socket.destroyed)
        throw socket.errored ?? new TamisError('INPUT', 'The other end closed the connection.');
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
