/**
 * A site's whole DSPAM home: hash files and SQLite files of all users, signatures and preferences beside them.
 *
 *     data/USER/USER.css                 plain; `.sdb` with the SQLite driver
 *     data/DOMAIN/USER/USER.css          domain-scale: USER@DOMAIN, or USER where DOMAIN is `local`
 *     data/U/S/USER/USER.css             large-scale
 *     …/USER.sig/ID.sig                  signatures of the hash driver
 *     …/USER.prefs, default.prefs        preferences: `key=value` lines, `#` comments
 *     …/USER.blocklist                   a domain on each line, whose mail is spam
 *     opt-in/[DOMAIN/]USER.dspam         opt-in/opt-out as files
 *     opt-out/[DOMAIN/]USER.nodspam
 *
 * Read in the order of names, so that the facts come in the same order each time.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { cssFacts } from './css.ts';
import { unreadable, type Fact, type Facts, type Owner } from './fact.ts';
import { preferencesOfFile } from './preferences.ts';
import { sqliteFacts } from './sqlite.ts';

/** Characters of a blocklist: all preferences of a user are one note of 16 KiB. */
const longestList = 12_000;

/** Reads the facts of a home, or of a part of its data directory. */
export async function* homeFacts(home: string): Facts {
  const data = existsSync(path.join(home, 'data')) ? path.join(home, 'data') : home;
  yield preferencesIn(path.join(home, 'default.prefs'), 'site');
  for (const file of filesBelow(data)) {
    const { dir, base, ext } = path.parse(file);
    const user = path.basename(base, ext);
    const owner = ownerOf(path.relative(data, dir), user);
    if (ext === '.css') yield* cssFacts(file, owner);
    if (ext === '.sdb') yield* sqliteFacts(file, owner);
    if (ext === '.prefs' && user !== 'default') yield preferencesIn(file, owner);
    if (ext === '.blocklist') yield blocklistIn(file, owner);
    if (ext === '.sig')
      yield [signatureIn(file, ownerOf(path.relative(data, path.dirname(dir)), path.basename(dir, '.sig')))];
  }
  yield optedIn(path.join(home, 'opt-in'), '.dspam', 'optIn');
  yield optedIn(path.join(home, 'opt-out'), '.nodspam', 'optOut');
}

/** Whether a directory holds a home of DSPAM, or users of one. */
export function isHome(directory: string): boolean {
  if (existsSync(path.join(directory, 'data'))) return true;
  for (const file of filesBelow(directory)) if (/\.(?:css|sdb)$/.test(file)) return true;
  return false;
}

/** Whose the files in a directory of DSPAM's data are. @param below The directory's path below `data`. */
function ownerOf(below: string, user: string): Owner {
  const [first, second] = below.split(path.sep);
  const isDomain = second === user && first !== undefined && first !== 'local';
  return { name: isDomain ? `${user}@${first}` : user };
}

function preferencesIn(file: string, owner: Owner): Fact[] {
  if (!existsSync(file)) return [];
  return preferencesOfFile(readText(file)).map(([name, value]) => ({
    kind: 'preference',
    owner,
    name,
    value,
  }));
}

/** A blocklist as a preference. A line that is no domain blocks nobody, and is told of as what it is; so is a list that a preference cannot hold. */
function blocklistIn(file: string, owner: Owner): Fact[] {
  const lines = readText(file)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const domains = lines.filter((line) => /^[\p{L}\p{N}._-]+$/u.test(line));
  const value = domains.join(',');
  const others = lines.filter((line) => !domains.includes(line)).map((line) => ['blocklist line', line]);
  const list =
    value.length > longestList
      ? [`blocklist of ${domains.length} domains`, 'too long']
      : ['blocklist', value];
  return [...(domains.length > 0 ? [list] : []), ...others].map(([name = '', said = '']) => ({
    kind: 'preference',
    owner,
    name,
    value: said,
  }));
}

function signatureIn(file: string, owner: Owner): Fact {
  const day = Math.floor(statSync(file).mtimeMs / 86_400_000);
  return { kind: 'signature', owner, id: path.basename(file, '.sig'), data: readFileSync(file), day };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function optedIn(directory: string, ending: string, name: string): Fact[] {
  if (!existsSync(directory)) return [];
  return filesBelow(directory)
    .filter((file) => file.endsWith(ending))
    .map((file) => {
      const user = path.basename(file, ending);
      const domain = path.relative(directory, path.dirname(file));
      const owner = { name: domain === '' || domain === 'local' ? user : `${user}@${domain}` };
      return { kind: 'preference', owner, name, value: 'on' };
    });
}

/** The files below a directory, each directory in the order of names. Links to directories are not followed. */
function filesBelow(directory: string): string[] {
  const files: string[] = [];
  const entries = readdirSync(directory, { withFileTypes: true });
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const entry of entries) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) files.push(...filesBelow(file));
    else if (entry.isFile()) files.push(file);
  }
  return files;
}
