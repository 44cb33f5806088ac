/**
 * User names as folder names, and back.
 *
 * A user name is any non-empty string that a mail host brought, hostile ones included; its folder name is
 * - the name itself, if it has only `a-z 0-9 @ _ + = , -` and dots, as ordinary addresses do;
 * - else every other character as `%XX` for each byte of its UTF-8, capital letters too, so that names that differ
 *   in case stay apart on a file system that does not tell case. A dot at either end and a hyphen at the start are
 *   encoded as well, so that no folder is `.`, `..`, hidden, or looks like an option. Half a surrogate pair, which has no UTF-8, is `%uXXXX`;
 * - else, if that is longer than 200 bytes, `%sha256-` and the SHA-256 of it in hexadecimal. The name cannot be
 *   read back from that, so the store keeps {@link encodeName} of it in a file.
 *
 * Invariant: different names have different folders, and no folder name has a byte other than
 * `A-Z a-z 0-9 @ _ + = , . % -`. (`%s` and `%u` are no `%XX`.)
 */
import { createHash } from 'node:crypto';

const longest = 200;
const hashed = '%sha256-';

/** The folder name of a user. */
export function folderOf(user: string): string {
  const encoded = encodeName(user);
  if (encoded.length <= longest) return encoded;
  return hashed + createHash('sha256').update(encoded).digest('hex');
}

/** Whether the name cannot be read back from the folder name. */
export function isHashed(folder: string): boolean {
  return folder.startsWith(hashed);
}

/** A user name in the characters of folder names, whatever its length. */
export function encodeName(user: string): string {
  return user.replace(/^[.-]|\.$|[^a-z0-9@_+=,.-]/gu, (character) => {
    if (/\p{Surrogate}/u.test(character)) return `%u${hex(character.charCodeAt(0)).padStart(4, '0')}`;
    return Array.from(Buffer.from(character), (byte) => `%${hex(byte).padStart(2, '0')}`).join('');
  });
}

/** The name that {@link encodeName} made this of, or undefined if it made it of none. */
export function decodeName(encoded: string): string | undefined {
  const name = encoded.replace(/%u([0-9A-F]{4})|(?:%[0-9A-F]{2})+/g, (escape, unit: string | undefined) => {
    if (unit !== undefined) return String.fromCharCode(parseInt(unit, 16));
    return Buffer.from(escape.replaceAll('%', ''), 'hex').toString();
  });
  return name !== '' && encodeName(name) === encoded ? name : undefined;
}

function hex(value: number): string {
  return value.toString(16).toUpperCase();
}
