/**
 * Delivery by a command that gets the filtered message as its stdin.
 *
 * The message is written whole into a file without a name before the command starts, so that a filter that is killed
 * delivers nothing rather than half, and so that the command can seek in its stdin as deliverers do. The command is
 * run without a shell; its stdout, stderr and environment are ours.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { TamisError } from '../errors.ts';
import { log, logError } from '../log.ts';
import type { Input } from './input.ts';
import { namelessFile, type NamelessFile } from './nameless.ts';
import { writeAll } from './output.ts';
import type { Sink } from './sink.ts';

/** The name of a program, and its arguments. */
export type Command = readonly [string, ...string[]];

/** Keeps the message in a temporary file, then runs the command. */
export class ExecSink implements Sink {
  private readonly command: Command;
  private readonly original: Input | undefined;
  private readonly file: NamelessFile | undefined;
  private failed = false;

  /**
   * @param original Where the message comes from: what the command gets, unfiltered, if there is no room for a temporary
   *   file; undefined if it must not.
   */
  constructor(command: Command, original: Input | undefined) {
    this.command = command;
    this.original = original;
    this.file = this.attempt(() => namelessFile(1));
  }

  write(bytes: Uint8Array): void {
    const { file } = this;
    if (file === undefined || this.failed) return;
    this.attempt(() => {
      writeAll(file.writer, bytes, `a temporary file in ${tmpdir()}`);
    });
  }

  finish(): number {
    const status = this.runCommand();
    this.abort();
    return status;
  }

  abort(): void {
    if (this.file === undefined) return;
    for (const descriptor of [this.file.writer, ...this.file.readers]) closeSync(descriptor);
  }

  private runCommand(): number {
    const [reader] = this.file?.readers ?? [];
    if (reader !== undefined && !this.failed) return run(this.command, reader);
    if (this.original === undefined) {
      throw new TamisError('DELIVERY', `${this.command[0]} was not run: there is no temporary file.`);
    }
    return runOnOriginal(this.command, this.original);
  }

  private attempt<Result>(step: () => Result): Result | undefined {
    try {
      return step();
    } catch (error) {
      logError(error);
      this.failed = true;
      return undefined;
    }
  }
}

/** Gives the command what stdin was, if that is a file: opened anew, at the place where the message began. */
function runOnOriginal(command: Command, original: Input): number {
  const fd = reopened(original, command[0]);
  log(
    'the command gets the message unfiltered: no lines of ours, and X-DSPAM lines of the sender not taken out.',
  );
  try {
    return run(command, fd);
  } finally {
    closeSync(fd);
  }
}

function reopened({ fd, bytesRead }: Input, program: string): number {
  try {
    if (!fstatSync(fd).isFile()) throw new Error('stdin is not a file that can be read twice.');
    const position = /^pos:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    const start = Number(position) - bytesRead;
    const fresh = openSync(`/proc/self/fd/${fd}`, 'r');
    // Node cannot seek; reading moves the position that the command will inherit.
    const skip = Buffer.allocUnsafe(64 * 1024);
    for (let left = start; left > 0;) {
      const count = readSync(fresh, skip, 0, Math.min(left, skip.length), null);
      if (count === 0) throw new Error('stdin has become shorter.');
      left -= count;
    }
    return fresh;
  } catch (cause) {
    throw new TamisError('DELIVERY', `${program} was not run: the message cannot be handed over.`, { cause });
  }
}

/** Runs the command on a descriptor and returns its exit status. */
function run([program, ...args]: Command, stdin: number): number {
  // Loaded here, because it takes 2 ms that a message to stdout must not pay.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { error, signal, status } = spawnSync(program, args, { stdio: [stdin, 'inherit', 'inherit'] });
  if (error !== undefined) {
    throw new TamisError('DELIVERY', `${program} cannot be run.`, { cause: error });
  }
  if (status === null) {
    throw new TamisError('DELIVERY', `${program} was killed by ${signal ?? 'a signal'}.`);
  }
  return status;
}
