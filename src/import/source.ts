/** Which form a source has, and its facts. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { describe, systemCode, TamisError } from '../errors.ts';
import { cssFacts } from './css.ts';
import { databaseFacts, isDatabaseUrl } from './database.ts';
import { dumpFacts, isDump } from './dump.ts';
import { unreadable, type Facts, type Owner } from './fact.ts';
import { homeFacts, isHome } from './home.ts';
import { sqlFacts } from './sql.ts';
import { isSqlite, sqliteFacts } from './sqlite.ts';
import { beginningOf } from './text.ts';

/** Something that facts can be read from, again and again. */
export interface Source {
  /** In words, for a person. */
  readonly form: string;
  readonly facts: () => Facts;
}

/**
 * @param named Whether somebody tells whom a file is of, so that its name does not count.
 * @throws TamisError INPUT if there is no such source.
 */
export function openSource(given: string, named: boolean): Source {
  const { form, facts } = sourceOf(given, named);
  return { form, facts: () => readable(given, facts()) };
}

/** Facts of files; an error of the system is one of the source. */
async function* readable(given: string, facts: Facts): Facts {
  try {
    yield* facts;
  } catch (error) {
    if (error instanceof TamisError || systemCode(error) === undefined) throw error;
    throw unreadable(given, error);
  }
}

function sourceOf(given: string, named: boolean): Source {
  if (isDatabaseUrl(given)) return { form: 'database', facts: () => databaseFacts(given) };
  if (statOf(given).isDirectory()) {
    if (isHome(given)) return { form: 'home of DSPAM', facts: () => homeFacts(given) };
    throw new TamisError('INPUT', `${given} is a directory without data of DSPAM (data/, *.css, *.sdb).`);
  }
  return fileSource(given, named ? undefined : ownerOf(given));
}

/** The source that a file is, by how it is called and how it begins. */
function fileSource(file: string, owner: Owner): Source {
  if (path.extname(file) === '.css') return { form: 'hash file', facts: () => cssFacts(file, owner) };
  const beginning = beginningOf(file);
  if (isSqlite(beginning)) return { form: 'file of SQLite', facts: () => sqliteFacts(file, owner) };
  if (isDump(beginning)) return { form: 'output of dspam_dump', facts: () => dumpFacts(file, owner) };
  return { form: 'file of SQL', facts: () => sqlFacts(file, owner) };
}

/** Whom a file of DSPAM's home is of, by its name. */
function ownerOf(file: string): Owner {
  const { name, ext } = path.parse(file);
  return ['.css', '.sdb'].includes(ext) ? { name } : undefined;
}

function statOf(given: string): ReturnType<typeof statSync> & object {
  try {
    return statSync(given);
  } catch (cause) {
    throw new TamisError('INPUT', `Cannot read ${given}: ${describe(cause)}.`, { cause });
  }
}
