/**
 * A rule written into its host's file: the block of tamis is replaced and nothing else, all at once.
 *
 * A new file has mode 600. One that is there keeps its owner and mode, but is never left writable for everybody. A symbolic link
 * stays, and what it leads to is written.
 */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { systemCode, TamisError } from '../errors.ts';
import { syncDirectory } from '../maildir/layout.ts';
import { replaceBlock } from '../rules/block.ts';

/**
 * Puts the block of a host into a file.
 *
 * @param check Gets the whole file as it will be, and throws if it must not be written.
 * @throws TamisError INPUT if the file cannot be read or its marks are wrong, OUTPUT if it cannot be written.
 */
export function writeRule(
  file: string,
  host: string,
  text: string,
  check: ((whole: Uint8Array) => void) | undefined,
): void {
  const path = target(file);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() === false) throw new TamisError('INPUT', `${path} is not a file.`);
  const before = stat === undefined ? Buffer.alloc(0) : readFileSync(path);
  const whole = replaceBlock(before, host, text, path);
  check?.(whole);
  const mode = stat === undefined ? 0o600 : stat.mode & 0o7775;
  if (stat !== undefined && (stat.mode & 0o7777) === mode && before.equals(whole)) return;
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}`);
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(fd, whole);
      if (stat !== undefined && (stat.uid !== process.getuid?.() || stat.gid !== process.getgid?.()))
        fchownSync(fd, stat.uid, stat.gid);
      fchmodSync(fd, mode);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new TamisError('OUTPUT', `The rule cannot be written into ${path}; see who may write there.`, {
      cause,
    });
  }
}

/** The file behind symbolic links. */
function target(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return resolve(file);
    throw new TamisError('INPUT', `${file} cannot be read.`, { cause: error });
  }
}
