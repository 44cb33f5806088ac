/**
 * A message that a client has handed over, whole: in memory up to a bound, beyond it in a file without a name, so that neither
 * the size of a message nor the number of clients makes the daemon grow.
 */
import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TamisError } from '../errors.ts';

/** Bytes of a message that are held in memory. */
const inMemory = 1024 * 1024;
/** Bytes up to which pieces are put together: a client that sends byte by byte must not cost an object for each. */
const gathered = 4096;
/** Bytes read at a time of what is in the file. */
const chunkBytes = 256 * 1024;

/** A message, complete. To be disposed of at the end. */
export class Held {
  private readonly chunks: Buffer[] = [];
  private file: FileHandle | undefined;
  private inFile = 0;
  /** Bytes so far. */
  size = 0;

  /**
   * Takes a whole message.
   *
   * @param limit Bytes that it may have at most.
   * @throws TamisError INPUT beyond the limit, DAEMON if the temporary file cannot be written.
   */
  static async from(source: AsyncIterable<Buffer>, limit: number): Promise<Held> {
    const held = new Held();
    try {
      for await (const chunk of source) {
        if (held.size + chunk.length > limit)
          throw new TamisError('INPUT', `The message is larger than ${limit} bytes.`);
        await held.add(chunk);
      }
      return held;
    } catch (error) {
      await held.dispose();
      throw error;
    }
  }

  /** The beginning, to be read only: it is the message itself where that came in one piece. */
  async beginning(limit: number): Promise<Buffer> {
    const [first] = this.chunks;
    return first?.length === this.size && this.size <= limit ? first : await this.prefix(limit);
  }

  /** A copy of the beginning. */
  async prefix(limit: number): Promise<Buffer<ArrayBuffer>> {
    const prefix = Buffer.alloc(Math.min(limit, this.size));
    let at = 0;
    for await (const chunk of this.bytes()) {
      at += chunk.copy(prefix, at);
      if (at === prefix.length) break;
    }
    return prefix;
  }

  /** The whole message, in pieces that are good until the next is asked for. */
  async *bytes(): AsyncGenerator<Buffer> {
    yield* this.chunks;
    if (this.file === undefined) return;
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (let at = 0; at < this.inFile;) {
      const { bytesRead } = await this.file.read(buffer, 0, Math.min(chunkBytes, this.inFile - at), at);
      if (bytesRead === 0) throw new TamisError('DAEMON', 'A temporary file has become shorter.');
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** Lets go of everything. */
  async dispose(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.close();
  }

  /**
   * Takes the next bytes.
   *
   * @throws TamisError DAEMON if the temporary file cannot be written: that is not the client's fault, who may try again.
   */
  async add(chunk: Buffer): Promise<void> {
    if (this.file === undefined && this.size + chunk.length <= inMemory) {
      const last = this.chunks.at(-1);
      if (last === undefined || last.length + chunk.length > gathered) this.chunks.push(chunk);
      else this.chunks[this.chunks.length - 1] = Buffer.concat([last, chunk]);
    } else {
      this.file ??= await temporaryFile();
      try {
        for (let at = 0; at < chunk.length;) {
          const { bytesWritten } = await this.file.write(chunk, at, chunk.length - at, this.inFile);
          at += bytesWritten;
          this.inFile += bytesWritten;
        }
      } catch (cause) {
        throw new TamisError('DAEMON', `A message cannot be kept in ${tmpdir()}.`, { cause });
      }
    }
    this.size += chunk.length;
  }
}

/**
 * A file that only this process and its children can reach.
 *
 * @throws TamisError DAEMON if none can be made.
 */
export async function temporaryFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `tamis-${randomUUID()}`);
  try {
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    return file;
  } catch (cause) {
    throw new TamisError('DAEMON', `No temporary file can be made in ${tmpdir()}.`, { cause });
  }
}
