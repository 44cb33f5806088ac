/** The beginning of one message file; what lies beyond is never read, however large the file. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { systemCode, TamisError } from '../errors.ts';

/** How much of a message is read unless the caller says otherwise, in bytes: the prefix that the filter judges by. */
export const defaultLimit: number = 256 * 1024;

/** How files are opened: a named pipe without a writer must not hold the run up. */
const reading = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * The first bytes of a file. Read at once, without other threads: most messages are a few kilobytes, and the ways to another thread and
 * back would take longer than the reading.
 *
 * @param limit How many bytes at most.
 * @throws TamisError INPUT if there is no such file, if it is none, or if it cannot be read. {@link
 *   isMissing} tells the first of these.
 */
export function readBeginning(path: string, limit: number = defaultLimit): Buffer {
  let file: number | undefined;
  try {
    file = openSync(path, reading);
    const status = fstatSync(file);
    if (status.isFile()) {
      const buffer = Buffer.allocUnsafe(Math.min(limit, status.size));
      let filled = 0;
      for (let read = -1; read !== 0 && filled < buffer.length; filled += read)
        read = readSync(file, buffer, filled, buffer.length - filled, filled);
      return buffer.subarray(0, filled);
    }
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    if (file !== undefined) closeSync(file);
  }
  throw noFile(path);
}

/**
 * Opens a regular file for reading.
 *
 * @throws TamisError INPUT as {@link readBeginning}.
 */
export async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, reading);
    if ((await file.stat()).isFile()) return file;
  } catch (cause) {
    await file?.close();
    throw unreadable(path, cause);
  }
  await file.close();
  throw noFile(path);
}

function noFile(path: string): TamisError {
  return new TamisError('INPUT', `${path} is neither a file nor a folder; copy its content into a file.`);
}

/** At most `length` bytes of an open file from a position on; fewer at its end. */
export async function readSpan(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** The error of a path that cannot be read. */
export function unreadable(path: string, cause: unknown): TamisError {
  return systemCode(cause) === 'ENOENT'
    ? new TamisError('INPUT', `${path} does not exist; see how it is written.`, { cause })
    : new TamisError('INPUT', `${path} cannot be read; see who may read it.`, { cause });
}

/** Whether an error of this module says that the file does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof TamisError && systemCode(error.cause) === 'ENOENT';
}
