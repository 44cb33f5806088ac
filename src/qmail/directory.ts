/**
 * The .qmail files of a directory on disk: read, and replaced one by one.
 *
 * While files are replaced the directory has its sticky bit, which tells qmail-local to try later (dot-qmail(5)), so that no message
 * meets half of the work. A file is replaced whole, by a rename, and keeps its owner and mode; what stood in it without tamis is
 * kept in `.tamis-backup/` until the filter is taken out again. Links and files with more than one name are left alone: a rename
 * would part them. Limits: a name that is not UTF-8 is passed over; ACLs and other extended attributes of a file are not kept.
 */
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { TamisError } from '../errors.ts';
import { syncDirectory } from '../maildir/layout.ts';

/** One file that mail is delivered by. */
export interface QmailFile {
  /** `.qmail` or `.qmail-EXT`. */
  readonly name: string;
  readonly path: string;
  /** Its bytes as latin1. */
  readonly content: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Why the file must not be replaced, for a person; undefined if it may. */
  readonly fixed: string | undefined;
  /** What makes qmail-local defer all mail for this file, for a person. */
  readonly fault: string | undefined;
}

/** What a file is to become. */
export interface Replacement {
  readonly file: QmailFile;
  readonly content: string;
  /** What stands in the file without tamis. */
  readonly original: string;
}

const backups = '.tamis-backup';
const sticky = 0o1000;

/**
 * Reads the .qmail files of a directory, by name.
 *
 * @throws TamisError INPUT if the directory or a file cannot be read.
 */
export function readQmailFiles(directory: string): QmailFile[] {
  try {
    return readdirSync(directory)
      .filter((name) => /^\.qmail(?:-|$)/.test(name))
      .sort()
      .flatMap((name) => {
        const path = join(directory, name);
        const found = lstatSync(path, { throwIfNoEntry: false });
        if (found === undefined) return [];
        if (!found.isFile() && !found.isSymbolicLink()) return [];
        if (found.isSymbolicLink() && !existsSync(path)) return [];
        const { mode, uid, gid } = found.isFile() ? found : statSync(path);
        const content = readFileSync(path, 'latin1');
        return [
          {
            name,
            path,
            content,
            mode: mode & 0o7777,
            uid,
            gid,
            fixed: fixedBy(found),
            fault: faultOf(mode, content),
          },
        ];
      });
  } catch (cause) {
    throw new TamisError(
      'INPUT',
      `The .qmail files of ${directory} cannot be read; see how it is written and who may read it.`,
      {
        cause,
      },
    );
  }
}

function fixedBy(found: Stats): string | undefined {
  if (found.isSymbolicLink()) return 'a link: change the file that it leads to';
  return found.nlink > 1 ? `a file with ${found.nlink} names: change it by hand` : undefined;
}

function faultOf(mode: number, content: string): string | undefined {
  if ((mode & 0o022) !== 0) return 'others may write to it, so qmail defers all mail: chmod go-w';
  return /^[ \t]*\n/.test(content)
    ? 'its first line is blank, so qmail defers all mail: remove that line'
    : undefined;
}

/**
 * Replaces files while their directory is sticky.
 *
 * @throws TamisError INPUT if somebody else is editing, OUTPUT if a file cannot be replaced; the files before it are.
 */
export function replaceFiles(directory: string, replacements: readonly Replacement[]): void {
  if (replacements.length === 0) return;
  const { mode } = statSync(directory);
  if ((mode & sticky) !== 0) {
    const sentence = `${directory} is sticky: somebody is editing its .qmail files. If nobody is: chmod -t ${directory}`;
    throw new TamisError('INPUT', sentence);
  }
  const release = holdSignals();
  try {
    chmodSync(directory, (mode & 0o7777) | sticky);
    for (const replacement of replacements) replace(directory, replacement);
    syncDirectory(directory);
  } catch (cause) {
    const sentence = `The .qmail files of ${directory} cannot all be changed; see who may write there. Running it again goes on.`;
    throw cause instanceof TamisError ? cause : new TamisError('OUTPUT', sentence, { cause });
  } finally {
    chmodSync(directory, mode & 0o7777);
    release();
  }
}

/** Keeps signals from ending the process while the directory is sticky: all mail would be deferred from then on. */
function holdSignals(): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const caught: NodeJS.Signals[] = [];
  const note = (signal: NodeJS.Signals): void => {
    caught.push(signal);
  };
  for (const signal of signals) process.on(signal, note);
  return () => {
    // Signals come in when this turn of the loop is over.
    setImmediate(() => {
      for (const signal of signals) process.off(signal, note);
      const [first] = caught;
      if (first !== undefined) process.kill(process.pid, first);
    });
  };
}

function replace(directory: string, { file, content, original }: Replacement): void {
  const now = readFileSync(file.path, 'latin1');
  if (now !== file.content) {
    throw new TamisError('INPUT', `${file.path} has just been changed by somebody else; run it again.`);
  }
  const folder = join(directory, backups);
  const backup = join(folder, file.name);
  if (content !== original) {
    const { uid, gid } = statSync(directory);
    const found = lstatSync(folder, { throwIfNoEntry: false });
    if (found === undefined) {
      mkdirSync(folder, { mode: 0o700 });
      giveTo(folder, uid, gid);
    } else if (!found.isDirectory()) {
      // Through a link, root would write the owner's lines into somebody else's directory.
      throw new TamisError('INPUT', `${folder} is not a directory: remove it, and run it again.`);
    }
    writeLike(folder, file, original);
  }
  writeLike(directory, file, content);
  if (content === original) dropBackup(folder, backup, original);
}

/** A backup that says what the file says again is of no more use; another is kept. */
function dropBackup(folder: string, backup: string, original: string): void {
  if (!existsSync(backup) || readFileSync(backup, 'latin1') !== original) return;
  rmSync(backup);
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Writes a file by its name into a folder, whole, with the owner and mode of the one that it takes the place of. */
function writeLike(folder: string, { name, mode, uid, gid }: QmailFile, content: string): void {
  const temporary = join(folder, `.tamis-${process.pid}${name}`);
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(fd, content, 'latin1');
    if (process.getuid?.() !== uid || process.getgid?.() !== gid) fchownSync(fd, uid, gid);
    fchmodSync(fd, mode);
    fsyncSync(fd);
    renameSync(temporary, join(folder, name));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function giveTo(path: string, uid: number, gid: number): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    if (process.getuid?.() === 0) fchownSync(fd, uid, gid);
  } finally {
    closeSync(fd);
  }
}
