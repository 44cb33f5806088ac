/** The built daemon as a process, and clients that speak to it byte by byte. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Status } from '../../src/daemon/status.ts';
import { Place } from '../cli/tamis.ts';

/** How long the daemon may take to be ready or to end, in milliseconds, on a busy machine. */
const patience = 30_000;

/** A daemon with a home and sockets of its own. */
export class Daemon {
  readonly place: Place;
  readonly spamd: string;
  readonly socket: string;
  readonly lmtp: string;
  /** Where users act for themselves; open with `--public=`. */
  readonly public: string;
  /** What it has said on stderr. */
  said = '';
  private process: ChildProcess | undefined;
  private readonly options: readonly string[];

  constructor(...options: readonly string[]) {
    this.place = new Place();
    mkdirSync(this.place.home);
    this.spamd = this.place.path('spamd.sock');
    this.socket = this.place.path('tamis.sock');
    this.lmtp = this.place.path('lmtp.sock');
    this.public = this.place.path('public.sock');
    this.options = options;
  }

  /** Starts it, with further options, and waits until it is ready. */
  async start(...more: readonly string[]): Promise<void> {
    const child = this.place.start([
      'serve',
      `--spamd=${this.spamd}`,
      `--socket=${this.socket}`,
      ...this.options,
      ...more,
    ]);
    this.process = child;
    child.stdin.end();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`not ready: ${this.said}`));
      }, patience);
      let said = '';
      child.stderr.on('data', (piece: Buffer) => {
        said += piece.toString();
        this.said += piece.toString();
        if (!said.includes('tamis: ready\n')) return;
        clearTimeout(timer);
        resolve();
      });
      child.once('exit', (status) => {
        clearTimeout(timer);
        reject(new Error(`ended with ${status ?? 'a signal'}: ${this.said}`));
      });
    });
  }

  /** Ends it by a signal; its status, null if the signal itself ended it. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
    return child.exitCode;
  }

  signal(signal: NodeJS.Signals): void {
    this.process?.kill(signal);
  }

  /** Ends it and removes everything. */
  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    this.place.remove();
  }

  /** Sends bytes (latin1) to a socket, then ends; all that comes back. */
  async send(path: string, bytes: string): Promise<string> {
    const socket = connect(path);
    socket.end(Buffer.from(bytes, 'latin1'));
    return await all(socket);
  }

  /** What it says of itself. */
  async status(): Promise<Status> {
    const answer = await this.send(this.socket, 'TAMIS 1 {"status":true}\n');
    return (JSON.parse(answer.split('\n')[1] ?? '') as { status: Status }).status;
  }

  /** A request of the spamd protocol; the answer's first line, fields and body. */
  async ask(method: string, user: string, message: string, more = ''): Promise<SpamdAnswer> {
    const length = Buffer.byteLength(message, 'latin1');
    const head = `${method} SPAMC/1.5\r\nUser: ${user}\r\nContent-length: ${length}\r\n${more}\r\n`;
    return answerOf(await this.send(this.spamd, head + message));
  }
}

/** An answer of the spamd protocol. */
export interface SpamdAnswer {
  readonly status: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Reads an answer. */
export function answerOf(bytes: string): SpamdAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  const [status = '', ...lines] = bytes.slice(0, Math.max(0, end)).split('\r\n');
  const fields = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return { status, fields, body: bytes.slice(end + 4) };
}

/** Everything that comes until the other end closes. */
export async function all(socket: Socket): Promise<string> {
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  await new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
    socket.once('error', () => undefined);
  });
  return Buffer.concat(pieces).toString('latin1');
}
