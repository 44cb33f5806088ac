/**
 * The mail programs that tests run beside tamis. One that is not installed is a skip that names it; test/run.sh installs them on
 * Debian, and counts a skip as a failure where TAMIS_REQUIRE_PEERS is 1.
 */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** Programs that lie outside of PATH. */
const elsewhere: readonly string[] = [
  '/usr/lib/dovecot',
  '/usr/sbin',
  '/sbin',
  // Where test/run.sh unpacks what cannot be installed beside Postfix.
  '/var/cache/tamis-tests/exim/usr/sbin',
  ...postgresFolders(),
];

/** Where Debian keeps the servers of PostgreSQL, the newest first. */
function postgresFolders(): string[] {
  const all = '/usr/lib/postgresql';
  const versions = existsSync(all) ? readdirSync(all) : [];
  return versions
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => join(all, version, 'bin'));
}

/** The path of a program, or undefined if it is not installed. */
export function peer(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...elsewhere];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

/**
 * Tests that need programs.
 *
 * @param names The programs, by name.
 * @param tests Declares the tests; gets the paths in the order of the names (the bare names where the tests are skipped).
 */
export function describeWith(names: readonly string[], tests: (...paths: string[]) => void): void {
  const missing = names.filter((name) => peer(name) === undefined);
  const paths = names.map((name) => peer(name) ?? name);
  if (missing.length === 0) {
    describe(`with ${names.join(', ')}`, () => {
      tests(...paths);
    });
  } else {
    describe.skip(`not installed: ${missing.join(', ')}`, () => {
      tests(...paths);
    });
  }
}

/** Tests that need to be root, because they make users or act as them. */
export const describeAsRoot: typeof describe | typeof describe.skip =
  process.getuid?.() === 0 ? describe : describe.skip;

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
