/**
 * One LevelDB: opening, the few calls that the types of `level` leave out, and what its errors mean.
 *
 * Tables are not compressed: hashed keys and deflated notes do not get smaller (8.03 bytes a feature with Snappy and
 * without). Uncompressed tables are read through mmap and need no block cache, so a message's process pays for
 * the write buffer only. That is 1 MiB, because what one process left in the log the next writes into a table as it opens.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { Level } from 'level';
import { describe, systemCode, TamisError, type ErrorCode } from '../../errors.ts';

type Bytes = Uint8Array;

/** An open LevelDB whose keys and values are bytes, as `classic-level` has it; `level` declares less. */
export type Database = Omit<Level<Bytes, Bytes>, 'get' | 'getMany'> & {
  get(key: Bytes): Promise<Bytes | undefined>;
  getMany(keys: Bytes[]): Promise<(Bytes | undefined)[]>;
  approximateSize(start: Bytes, end: Bytes): Promise<number>;
  compactRange(start: Bytes, end: Bytes): Promise<void>;
};

const destroyer = Level as typeof Level & { destroy(directory: string): Promise<void> };

/** Whether a directory holds a LevelDB. Opening one to find out would write files. */
export function isDatabase(directory: string): boolean {
  try {
    statSync(path.join(directory, 'CURRENT'));
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Opens the LevelDB of a directory, which must exist. */
export async function openDatabase(directory: string, create: boolean): Promise<Database> {
  const database = new Level<Bytes, Bytes>(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing: create,
    compression: false,
    writeBufferSize: 1024 * 1024,
    cacheSize: 64 * 1024,
  }) as Database;
  await database.open();
  return database;
}

/** Records of a LevelDB. */
export type Chunk = readonly (readonly [key: Bytes, value: Bytes])[];

/** Bytes that LevelDB reads at a time. Each time is a way to another thread and back, in a queue with all other work. */
const readAhead = 64 * 1024;

/** The records of a range in their order, so many at a time, or fewer where they are large. */
export async function* chunksOf(
  database: Database,
  range: { readonly gt?: Bytes; readonly gte?: Bytes; readonly lt: Bytes },
  size: number,
): AsyncGenerator<Chunk> {
  const options = { ...range, highWaterMarkBytes: readAhead };
  const iterator = database.iterator(options);
  try {
    for (;;) {
      const chunk = await iterator.nextv(size);
      if (chunk.length === 0) return;
      yield chunk;
    }
  } finally {
    await iterator.close();
  }
}

/** Removes the files of a LevelDB that no process has open. */
export async function destroyDatabase(directory: string): Promise<void> {
  await destroyer.destroy(directory);
}

/** What an error means: a code, what to tell, and the signs that it is recognised by ({@link signsOf}). */
interface Meaning {
  readonly signs: readonly string[];
  readonly code: ErrorCode;
  readonly sentence: (directory: string) => string;
}

/** The first row of which an error shows a sign applies. */
const meanings: readonly Meaning[] = [
  {
    signs: ['LEVEL_LOCKED'],
    code: 'STORE_LOCKED',
    sentence: (directory) => `Another process has the store ${directory} open; try again when it has ended.`,
  },
  {
    // A table that is shorter than its index says is an invalid argument.
    signs: ['LEVEL_CORRUPTION', 'No such file or directory', 'Invalid argument', 'RangeError'],
    code: 'STORE_CORRUPT',
    sentence: (directory) =>
      `The store ${directory} is damaged; restore it from a backup, or remove that directory and train the user again.`,
  },
  {
    signs: ['ENOTDIR', 'EEXIST', 'Not a directory'],
    code: 'HOME',
    sentence: (directory) =>
      `A file stands where a directory should be on the way to ${directory}; move it away.`,
  },
  {
    signs: ['EACCES', 'EPERM', 'Permission denied', 'Operation not permitted'],
    code: 'HOME',
    sentence: (directory) =>
      `This process (uid ${process.geteuid?.() ?? '?'}) may not read and write ${directory}; make that user the owner of the home and all in it.`,
  },
  {
    signs: ['EROFS', 'Read-only file system'],
    code: 'STORE_FAILED',
    sentence: (directory) => `The store ${directory} is on a read-only file system; mount it writable.`,
  },
  {
    signs: ['ENOSPC', 'EDQUOT', 'EFBIG', 'No space left on device', 'Disk quota exceeded', 'File too large'],
    code: 'STORE_FAILED',
    sentence: (directory) => `There is no space left to write the store ${directory}; make room.`,
  },
];

/** What an error of LevelDB or of the file system means for the store in a directory. */
export function explain(cause: unknown, directory: string): TamisError {
  if (cause instanceof TamisError) return cause;
  const shown = signsOf(cause);
  const meaning = meanings.find(({ signs }) => signs.some((sign) => shown.has(sign)));
  if (meaning === undefined) {
    return new TamisError('STORE_FAILED', `The store ${directory} failed: ${describe(cause)}`, { cause });
  }
  return new TamisError(meaning.code, meaning.sentence(directory), { cause });
}

/**
 * The names and codes of an error and its causes, and what their sentences end with: LevelDB puts the system's words
 * there (`IO error: /…/LOCK: Permission denied`), behind a path that says nothing.
 */
function signsOf(error: unknown): Set<string> {
  const signs = new Set<string>();
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    signs.add(at.name).add(systemCode(at) ?? '');
    signs.add(at.message.slice(at.message.lastIndexOf(': ') + 1).trim());
  }
  return signs;
}
