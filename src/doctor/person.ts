/**
 * A user of the system, as a mail host delivers: with one group and none beside it, as qmail, vpopmail and others do.
 *
 * What such a user may do is not computed from modes but tried, by a process of theirs, so that whatever the kernel goes by counts
 * (access control lists, read-only file systems). That takes root, but for oneself.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { accountEntry } from '../config/accounts.ts';
import { systemCode, TamisError } from '../errors.ts';

/** What one may want to do with a file: read it, write it or connect to it, run it or pass through it. */
export type Right = 'r' | 'w' | 'x';

const rights: Readonly<Record<Right, number>> = { r: constants.R_OK, w: constants.W_OK, x: constants.X_OK };

/** Who delivers. */
export interface Person {
  /** By name, or as a number where there is none. */
  readonly name: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * A person by the name of a user, or `USER:GROUP`; numbers will do.
 *
 * @throws TamisError USER if there is no such user or group.
 */
export function personOf(word: string): Person {
  const [user = '', group] = word.split(':', 2);
  const name = accountEntry('passwd', user);
  const uid = Number(name?.[2] ?? user);
  const gid = Number((group === undefined ? name?.[3] : accountEntry('group', group)?.[2]) ?? group);
  if (user === '' || !Number.isInteger(uid) || !Number.isInteger(gid))
    throw new TamisError(
      'USER',
      `There is no user or group ${JSON.stringify(word)}: --as takes USER or USER:GROUP.`,
    );
  return { name: name?.[0] ?? user, group: accountEntry('group', String(gid))?.[0] ?? String(gid), uid, gid };
}

/** The owner of a file; undefined if it cannot be looked at. */
export function ownerOf(path: string): Person | undefined {
  try {
    const { uid, gid } = statSync(path);
    return personOf(`${uid}:${gid}`);
  } catch (error) {
    if (error instanceof TamisError) throw error;
    return undefined;
  }
}

/** Whoever runs this process. */
export function ourselves(): Person {
  return personOf(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`);
}

/**
 * Whether a person has a right to a path.
 *
 * @throws TamisError USER if this process can neither become that person nor is it.
 */
export function may({ name, uid, gid }: Person, right: Right, path: string): boolean {
  const us = process.getuid?.();
  if (us === uid) return has(right, path);
  if (us !== 0)
    throw new TamisError('USER', `Only root can look with the eyes of ${name}: sudo tamis doctor.`);
  // Node leaves the groups of root behind, too.
  const { status, error } = spawnSync('test', [`-${right}`, path], { uid, gid, cwd: '/', stdio: 'ignore' });
  if (error !== undefined) throw new TamisError('USER', `Cannot act as ${name}.`, { cause: error });
  return status === 0;
}

/**
 * Where a person on the way to a path is stopped: the first directory that they may not pass through, or the path itself.
 * Undefined if nothing stops them, or if there is no such path.
 */
export function barrier(
  person: Person,
  right: Right,
  path: string,
): { path: string; isDirectory: boolean } | undefined {
  const real = realOf(path);
  if (real === undefined || may(person, right, real)) return undefined;
  const ways: string[] = [];
  for (let at = dirname(real); ; at = dirname(at)) {
    ways.unshift(at);
    if (at === dirname(at)) break;
  }
  const closed = ways.find((directory) => !may(person, 'x', directory));
  return { path: closed ?? real, isDirectory: closed !== undefined };
}

function has(right: Right, path: string): boolean {
  try {
    accessSync(path, rights[right]);
    return true;
  } catch {
    return false;
  }
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    // A way that is closed to ourselves is closed to the others we may look at: ourselves.
    return systemCode(error) === 'ENOENT' ? undefined : path;
  }
}
