/**
 * The secrets by which users prove to the daemon who they are: HMAC-SHA256 of the user's name under a key of the site, in base64url. So nothing is
 * kept for each user, and a secret says nothing of whether there is such a user.
 *
 * The key is HOME/secrets.key: 32 random bytes that only the owner of the home can read, made with the first secret. Whoever removes the
 * file makes all secrets void at once; the next one begins a new key.
 */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { systemCode, TamisError } from '../errors.ts';

const keyBytes = 32;

/**
 * A user's secret.
 *
 * @param user As judge/users.ts names it.
 * @returns Undefined if there is no key yet.
 * @throws TamisError HOME if the key cannot be used.
 */
export function secretOf(home: string, user: string): string | undefined {
  const key = readKey(join(home, 'secrets.key'));
  return key && createHmac('sha256', key).update(user).digest('base64url');
}

/**
 * Makes the key if there is none. Two who do so at once get the same one.
 *
 * @throws TamisError HOME if it cannot be made.
 */
export function makeKey(home: string): void {
  const path = join(home, 'secrets.key');
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(file, randomBytes(keyBytes));
      fsyncSync(file);
      linkSync(temporary, path);
    } finally {
      closeSync(file);
      unlinkSync(temporary);
    }
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') return;
    throw new TamisError('HOME', `The key of the secrets, ${path}, cannot be made.`, { cause });
  }
}

/** Whether two secrets are the same, in a time that tells nothing of where they differ. */
export function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function readKey(path: string): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new TamisError('HOME', `The key of the secrets, ${path}, cannot be read.`, { cause });
  }
  try {
    if ((fstatSync(file).mode & 0o077) !== 0)
      throw new TamisError(
        'HOME',
        `Others can reach ${path}, the key of all secrets: remove it, and give new secrets.`,
      );
    const key = readFileSync(file);
    if (key.length !== keyBytes)
      throw new TamisError('HOME', `${path} is no key of secrets: remove it, and give new secrets.`);
    return key;
  } finally {
    closeSync(file);
  }
}
