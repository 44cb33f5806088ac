/**
 * Bytes out, all of them or an error.
 *
 * Synchronous, because what process.stdout buffers is cut off by an exit and its write errors go unnoticed: a
 * message cut short with exit 0 is a message lost.
 */
import { closeSync, constants, fstatSync, readFileSync, writeSync } from 'node:fs';
import { TamisError } from '../errors.ts';
import { retrying } from './retry.ts';

/** The device number of /dev/null on Linux: major 1, minor 3. */
const nullDevice = 0x103;

/**
 * Writes all bytes, however many calls that takes.
 *
 * @throws TamisError OUTPUT if the reader has gone, the disk is full, or any other reason.
 */
export function writeAll(fd: number, bytes: Uint8Array, where: string): void {
  try {
    for (let at = 0; at < bytes.length;) at += retrying(() => writeSync(fd, bytes, at, bytes.length - at));
  } catch (cause) {
    throw new TamisError('OUTPUT', `Not all could be written to ${where}.`, { cause });
  }
}

/**
 * Makes sure that stdout was open when this process began. Node opens a missing descriptor 0, 1 or 2 as /dev/null for
 * reading and writing, so that everything written to it would vanish without an error. A shell's
 * `>/dev/null` is open for writing only, and is let pass.
 *
 * @throws TamisError OUTPUT if it was closed.
 */
export function checkOpen(fd: number): void {
  if (wasClosed(fd)) {
    throw new TamisError('OUTPUT', 'stdout is closed, or is /dev/null; what should go there would be lost.');
  }
}

/**
 * Closes a descriptor after the last byte: a network file system may tell only then that it has no room.
 *
 * @throws TamisError OUTPUT if it does.
 */
export function closeChecked(fd: number, where: string): void {
  try {
    closeSync(fd);
  } catch (cause) {
    throw new TamisError('OUTPUT', `Not all could be written to ${where}.`, { cause });
  }
}

function wasClosed(fd: number): boolean {
  try {
    const status = fstatSync(fd);
    if (!status.isCharacterDevice() || status.rdev !== nullDevice) return false;
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    const access = constants.O_RDONLY | constants.O_WRONLY | constants.O_RDWR;
    return (Number.parseInt(flags ?? '0', 8) & access) === constants.O_RDWR;
  } catch {
    // A system without /proc: the write itself has to tell.
    return false;
  }
}
