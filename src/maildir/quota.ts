/**
 * The quota of a Maildir, by Maildir++ (https://www.courier-mta.org/imap/README.maildirquota.html): the file `maildirsize`.
 *
 *     10000000S,1000C                      at most 10,000,000 bytes and 1,000 messages
 *           52304          211             what there is: the sum of this line
 *            1804            1             and of those that deliveries and removals have added since
 *
 * Whoever delivers adds a line, so that hosts that deliver at once need no lock. The sum drifts. It is not believed if the file has
 * grown to 5,120 bytes, if the sum is below nothing, or if the quota would be exceeded and the file has lines added or is older than
 * 15 minutes: then all messages are counted again. Those in Trash and those with the flag T do not count, as with Courier and
 * maildrop; Dovecot counts both, unless told by its `quota_rule`.
 *
 * Invariant: a Maildir without the file, or whose file names no quota, has none. The file is only written where there is one.
 * Limits: what others do between counting and writing is lost to the count until the next time.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemCode, TamisError } from '../errors.ts';
import { logError } from '../log.ts';
import { flagsOf, uniqueName } from './names.ts';

const fileName = 'maildirsize';
/** Bytes from which the file is written anew. */
const mostBytes = 5120;
/** How long a sum that exceeds the quota is believed, in milliseconds. */
const believed = 15 * 60 * 1000;
/** How often messages are counted while others change what is counted. */
const attempts = 3;

/** Bytes and messages. */
interface Sum {
  readonly bytes: number;
  readonly messages: number;
}

/** The file as it is. */
interface Size extends Sum {
  /** The line that names the quota. */
  readonly quota: string;
  /** Whether the sum is as it was counted, and not long ago. */
  readonly fresh: boolean;
  /** Whether it has grown too long, or cannot be right. */
  readonly stale: boolean;
}

/**
 * Checks that a message may be added.
 *
 * @param maildir A Maildir or a folder of one.
 * @throws TamisError DELIVERY if the quota would be exceeded.
 */
export function checkQuota(maildir: string, bytes: number): void {
  const root = rootOf(maildir);
  const said = readSize(root);
  if (said === undefined) return;
  const quota = quotaOf(said.quota);
  if (quota.bytes === Infinity && quota.messages === Infinity) return;
  const fits = (sum: Sum): boolean => sum.bytes + bytes <= quota.bytes && sum.messages + 1 <= quota.messages;
  if (!said.stale && (fits(said) || said.fresh)) {
    if (fits(said)) return;
  } else if (fits(recount(root, said.quota))) {
    return;
  }
  const limits = [
    ...(quota.bytes === Infinity ? [] : [`${quota.bytes} bytes`]),
    ...(quota.messages === Infinity ? [] : [`${quota.messages} messages`]),
  ];
  throw new TamisError('DELIVERY', `The Maildir ${root} is full: its quota is ${limits.join(' and ')}.`);
}

/** Notes that messages have come (or, with negative figures, gone), if the Maildir has a quota. Never throws: they are there. */
export function noteSize(maildir: string, sum: Sum): void {
  try {
    const root = rootOf(maildir);
    if (sum.messages === 0 || readSize(root) === undefined) return;
    const { O_WRONLY, O_APPEND, O_NOFOLLOW } = constants;
    const fd = openSync(join(root, fileName), O_WRONLY | O_APPEND | O_NOFOLLOW);
    try {
      writeSync(fd, lineOf(sum));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    logError(
      new TamisError('OUTPUT', `The size of ${maildir} is not kept; see who may write to ${fileName}.`, {
        cause: error,
      }),
    );
  }
}

/** What a message counts: by its name, else by its file. One that is gone counts nothing. */
export function sizeOf(folder: string, name: string): Sum {
  if (flagsOf(name).includes('T')) return { bytes: 0, messages: 0 };
  const said = /,S=(\d{1,15})(?:[,:]|$)/.exec(name)?.[1];
  if (said !== undefined) return { bytes: Number(said), messages: 1 };
  const size = statSync(join(folder, name), { throwIfNoEntry: false })?.size;
  return size === undefined ? { bytes: 0, messages: 0 } : { bytes: size, messages: 1 };
}

/** The Maildir that a folder belongs to. By the file `maildirfolder` it is one, or by its name and what it lies in. */
function rootOf(maildir: string): string {
  const is = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;
  const isFolder =
    is(join(maildir, 'maildirfolder')) || (basename(maildir).startsWith('.') && is(join(maildir, '../cur')));
  return isFolder ? dirname(maildir) : maildir;
}

function readSize(root: string): Size | undefined {
  const path = join(root, fileName);
  try {
    const text = readFileSync(path, 'latin1');
    const [quota = '', ...lines] = text.split('\n');
    if (quotaOf(quota).bytes === Infinity && quotaOf(quota).messages === Infinity) return undefined;
    let bytes = 0;
    let messages = 0;
    const figures = lines.filter((line) => line.trim() !== '');
    for (const line of figures) {
      const [, size = '0', count = '0'] = /^\s*(-?\d{1,15})\s+(-?\d{1,15})\s*$/.exec(line) ?? [];
      bytes += Number(size);
      messages += Number(count);
    }
    const fresh = figures.length === 1 && Date.now() - statSync(path).mtimeMs <= believed;
    const stale = figures.length === 0 || text.length >= mostBytes || bytes < 0 || messages < 0;
    return { quota, bytes, messages, fresh, stale };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new TamisError('DELIVERY', `The quota in ${path} cannot be read; see who may read it.`, {
      cause: error,
    });
  }
}

/** `10000000S,1000C`; what is not named, or 0, has no limit. */
function quotaOf(line: string): Sum {
  const limit = (unit: 'S' | 'C'): number => {
    const said = line.split(',').find((one) => one.trim().endsWith(unit));
    const value = Number(/^\d{1,15}/.exec(said?.trim() ?? '')?.[0] ?? 0);
    return value === 0 ? Infinity : value;
  };
  return { bytes: limit('S'), messages: limit('C') };
}

/** Counts all messages, and writes the file anew. */
function recount(root: string, quota: string): Sum {
  let sum: Sum = { bytes: 0, messages: 0 };
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const folders = foldersOf(root);
    const before = changedAt(folders);
    sum = countAll(folders);
    if (changedAt(folders) === before) break;
  }
  const path = join(root, fileName);
  const temporary = join(root, 'tmp', `${uniqueName()}.${fileName}`);
  try {
    const { mode, uid, gid } = statSync(path);
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(fd, `${quota}\n${lineOf(sum)}`);
      if (uid !== process.getuid?.() || gid !== process.getgid?.()) fchownSync(fd, uid, gid);
      fchmodSync(fd, mode & 0o777);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch {
    // The next delivery counts again.
    rmSync(temporary, { force: true });
  }
  return sum;
}

/** `new` and `cur` of the Maildir and its folders but Trash. */
function foldersOf(root: string): string[] {
  const names = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^\.[^.]/.test(entry.name) && entry.name !== '.Trash')
    .map(({ name }) => name);
  return ['', ...names].flatMap((name) => ['new', 'cur'].map((part) => join(root, name, part)));
}

/** When folders have last been changed, as a text. */
function changedAt(folders: readonly string[]): string {
  return folders
    .map((folder) => statSync(folder, { throwIfNoEntry: false, bigint: true })?.mtimeNs ?? '')
    .join(' ');
}

function countAll(folders: readonly string[]): Sum {
  let bytes = 0;
  let messages = 0;
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      const size = sizeOf(folder, name);
      bytes += size.bytes;
      messages += size.messages;
    }
  }
  return { bytes, messages };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function lineOf({ bytes, messages }: Sum): string {
  return `${String(bytes).padStart(12)} ${String(messages).padStart(12)}\n`;
}
