/** Files without a name: what is in them is gone with the last who has them open, however that one ends. */
import { openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TamisError } from '../errors.ts';

/** A file that has no name any more: one descriptor to write it, and some to read it, each from its beginning. */
export interface NamelessFile {
  readonly writer: number;
  readonly readers: readonly number[];
}

/**
 * Makes a file that only this process and its children can reach.
 *
 * @throws TamisError DELIVERY if none can be made.
 */
export function namelessFile(readers: number): NamelessFile {
  // Loaded for this alone: it takes 2 ms, which every message would pay for.
  const path = join(tmpdir(), `tamis-${process.getBuiltinModule('node:crypto').randomUUID()}`);
  try {
    const writer = openSync(path, 'wx', 0o600);
    try {
      return { writer, readers: Array.from({ length: readers }, () => openSync(path, 'r')) };
    } finally {
      unlinkSync(path);
    }
  } catch (cause) {
    throw new TamisError('DELIVERY', `No temporary file can be made in ${tmpdir()}.`, { cause });
  }
}
