/**
 * How Redis holds a user: five keys in one hash slot (`{…}` is what Redis Cluster hashes; folders of names.ts have no braces).
 *
 *     tamis:{<folder>}:t   hash   the totals by name; `version` (1); `name`, encoded (names.ts); `bytes`, those of all notes
 *     tamis:{<folder>}:f   hash   features: 5 bytes (the key, big-endian) → the two integers
 *     tamis:{<folder>}:d   hash   tokens: 8 bytes (the key, big-endian) → the two integers, and the day of the last hit
 *     tamis:{<folder>}:n   hash   notes: 1 byte (`s` signature, `l` learned, `p` preference) and the note's key → 6 bytes (1 + the second of expiry, big-endian;
 *                                 0: never) and the note
 *     tamis:{<folder>}:e   sorted set   the notes that expire, by their second
 *     tamis:{<folder>}:o:<id>   string   an operation that has been applied; gone after an hour
 *
 * Two integers are 4 bytes (16 bits each, little-endian) if both fit, else 8; a day is 2 bytes more, missing in what was written before tokens had one. With the hash's own cost, see README.md.
 * A user exists if `t` does.
 */
import { folderOf } from '../names.ts';
import type { Note, NoteSpace } from '../contract.ts';

/** The version of this form. */
export const format = '1';

/** The five keys of a user. */
export interface UserKeys {
  readonly totals: string;
  readonly features: string;
  readonly tokens: string;
  readonly notes: string;
  readonly expiries: string;
}

/** The keys in the order in which scripts take them. */
export function inOrder({ totals, features, tokens, notes, expiries }: UserKeys): string[] {
  return [totals, features, tokens, notes, expiries];
}

/** Matches the totals of every user. */
export const everyUser = 'tamis:{*}:t';

/** The keys of a user. */
export function keysOf(user: string): UserKeys {
  const place = `tamis:{${folderOf(user)}}`;
  return {
    totals: `${place}:t`,
    features: `${place}:f`,
    tokens: `${place}:d`,
    notes: `${place}:n`,
    expiries: `${place}:e`,
  };
}

/** The field of a feature. */
export function featureField(key: number): Buffer {
  const field = Buffer.allocUnsafe(5);
  field.writeUIntBE(key, 0, 5);
  return field;
}

/** The key of a feature's field. */
export function featureOf(field: Buffer): number {
  return field.readUIntBE(0, 5);
}

/** The field of a token. */
export function tokenField(key: bigint): Buffer {
  const field = Buffer.allocUnsafe(8);
  field.writeBigUInt64BE(key);
  return field;
}

/** Reads two integers into `values` at `at` and `at + 1`. @throws RangeError if the bytes are no such record. */
export function readPair(bytes: Buffer, values: Int32Array, at: number): void {
  if (![4, 6, 8, 10].includes(bytes.length)) throw new RangeError(`A record has ${bytes.length} bytes.`);
  if (bytes.length < 8) {
    values[at] = bytes.readInt16LE(0);
    values[at + 1] = bytes.readInt16LE(2);
  } else {
    values[at] = bytes.readInt32LE(0);
    values[at + 1] = bytes.readInt32LE(4);
  }
}

/** The day of a token's record; 0: not known. */
export function dayOf(bytes: Buffer): number {
  return bytes.length % 4 === 2 ? bytes.readUInt16LE(bytes.length - 2) : 0;
}

const letters: Readonly<Record<NoteSpace, string>> = { signature: 's', learned: 'l', preference: 'p' };
/** Bytes of a note's value before the note. */
export const noteHead = 6;

/** The field of a note. */
export function noteField(space: NoteSpace, key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(letters[space]), key]);
}

/** The value of a note. */
export function noteValue(value: Uint8Array, expires: number | undefined): Buffer {
  const head = Buffer.allocUnsafe(noteHead);
  head.writeUIntBE(expires === undefined ? 0 : expires + 1, 0, noteHead);
  return Buffer.concat([head, value]);
}

/** The note of a field and its value. @throws RangeError if they are none. */
export function noteOf(field: Buffer, bytes: Buffer): Note & { readonly value: Uint8Array } {
  const letter = field.toString('latin1', 0, 1);
  const space = (Object.keys(letters) as NoteSpace[]).find((one) => letters[one] === letter);
  if (space === undefined) throw new RangeError(`A note is in the space ${JSON.stringify(letter)}.`);
  const expires = bytes.readUIntBE(0, noteHead) - 1;
  return {
    space,
    key: new Uint8Array(field.subarray(1)),
    value: new Uint8Array(bytes.subarray(noteHead)),
    expires: expires === -1 ? undefined : expires,
  };
}
