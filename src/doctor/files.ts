/** The files and directories below a directory, one after another, whatever their number. */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';

/** What goes away meanwhile, or may not be looked at, is left out. */
export async function* filesOf(directory: string): AsyncIterable<string> {
  try {
    for await (const entry of await opendir(directory)) {
      const path = join(directory, entry.name);
      yield path;
      if (entry.isDirectory()) yield* filesOf(path);
    }
  } catch (error) {
    if (!gone.includes(systemCode(error) ?? '')) throw error;
  }
}

const gone: readonly string[] = ['ENOENT', 'EACCES', 'ENOTDIR'];
