/**
 * Handing on to a command as sendmail is one: envelope in its words, message on its stdin with LF for CRLF, and a status
 * of sysexits.h. There is no shell.
 *
 * The message is written whole into a file without a name before the command starts, so that a daemon that is killed hands on
 * nothing rather than half. What the command prints to stdout is lost; its stderr is ours.
 */
import { spawn } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { TamisError } from '../errors.ts';
import { filled, printable, tryLater, type Handed, type Handing } from './handing.ts';
import { temporaryFile } from './held.ts';
import { withLf } from './lines.ts';

/** Milliseconds that a command may take before it is killed. */
const longest = 300_000;
/** EX_NOUSER of sysexits.h. */
const noUser = 67;

/** A command. */
export class CommandHanding implements Handing {
  private readonly command: readonly [string, ...string[]];

  constructor(command: readonly [string, ...string[]]) {
    this.command = command;
  }

  async handOn({ envelope, message }: Handed): Promise<string> {
    const [program, ...templates] = this.command;
    const words = templates.map((template) => filled(template, envelope));
    // An address must not be read as an option, as in Postfix' pipe(8).
    if (words.some((word, at) => word.startsWith('-') && templates[at]?.startsWith('%') === true))
      return `553 5.1.3 <${printable(envelope.recipient)}>: an address that begins with "-" is not taken`;
    let file: FileHandle | undefined;
    try {
      file = await temporaryFile();
      let at = 0;
      for await (const piece of withLf(message())) at += await written(file, piece, at);
      const status = await run([program, ...words], file.fd);
      if (status === 0) return '250 2.0.0 Taken by the command';
      const said = `${program} ended with status ${status}`;
      return status === noUser ? `550 5.1.1 ${printable(said)}` : `451 4.3.0 ${printable(said)}`;
    } catch (error) {
      return tryLater('4.3.0', error);
    } finally {
      await file?.close();
    }
  }

  close(): void {
    // Nothing is kept.
  }
}

/** Writes all bytes at a place, so that the descriptor stays at its beginning; how many they are. */
async function written(file: FileHandle, bytes: Buffer, place: number): Promise<number> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, place + at);
    at += bytesWritten;
  }
  return bytes.length;
}

async function run([program, ...words]: readonly [string, ...string[]], stdin: number): Promise<number> {
  return await new Promise<number>((resolve, reject) => {
    const child = spawn(program, words, {
      stdio: [stdin, 'ignore', 'inherit'],
      timeout: longest,
      killSignal: 'SIGKILL',
    });
    child.once('error', (cause) => {
      reject(new TamisError('DELIVERY', `${program} cannot be run.`, { cause }));
    });
    child.once('exit', (status, signal) => {
      if (status === null)
        reject(new TamisError('DELIVERY', `${program} was killed by ${signal ?? 'a signal'}.`));
      else resolve(status);
    });
  });
}
