/** The databases of users and groups, wherever the system keeps them (getent(1)): Node looks up none but the user who runs it. */
import { execFileSync } from 'node:child_process';

/** The fields of an entry, found by its name or number; undefined if there is none. */
export function accountEntry(database: 'passwd' | 'group', key: string): readonly string[] | undefined {
  try {
    return execFileSync('getent', [database, '--', key], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split(':');
  } catch {
    return undefined;
  }
}
