/** The beginning of one message file; what lies beyond is never read, however large the file. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { systemCode, TamisError } from '../errors.ts';

/** How much of a message is read unless the caller says otherwise, in bytes: the prefix that the filter judges by. */
export const defaultLimit: number = 256 * 1024;

/**
 * The first bytes of a file.
 *
 * @param limit How many bytes at most.
 * @throws TamisError INPUT if there is no such file, if it is none, or if it cannot be read. {@link
 *   isMissing} tells the first of these.
 */
export async function readBeginning(path: string, limit: number = defaultLimit): Promise<Buffer> {
  const file = await openFile(path);
  try {
    return await readSpan(file, 0, Math.min(limit, (await file.stat()).size));
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    await file.close();
  }
}

/**
 * Opens a regular file for reading.
 *
 * @throws TamisError INPUT as {@link readBeginning}.
 */
export async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    // A named pipe without a writer must not hold the run up.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
  } catch (cause) {
    await file?.close();
    throw unreadable(path, cause);
  }
  await file.close();
  throw new TamisError('INPUT', `${path} is neither a file nor a folder; copy its content into a file.`);
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
